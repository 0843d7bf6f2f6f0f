import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { methodCode } from './methodCode.js';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// The page is made of src/web; the toy world's files are served, and copied, as they are. Addresses are relative, so that
// any host and any folder will do. The viewer of traces is built by itself too, as one file (scripts/buildViewer.mjs).
export default defineConfig(({ mode }) => ({
  root: at('.'),
  base: './',
  publicDir: at('../weights'),
  plugins: [methodCode()],
  build: {
    outDir: at('dist'),
    emptyOutDir: true,
    target: 'es2022',
    rolldownOptions: { input: mode === 'viewer' ? at('viewer.html') : [at('index.html'), at('viewer.html')] },
  },
  worker: { format: 'es' },
}));
