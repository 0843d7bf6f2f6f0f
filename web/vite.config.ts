import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { methodCode } from './methodCode.js';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// The page is made of src/web; the toy world's files are served, and copied, as they are. Addresses are relative, so that
// any host and any folder will do. The viewer of traces and the page of comparisons are built by themselves too, as one file
// each (scripts/buildViewer.mjs).
const isPage = (mode: string) => ['viewer', 'comparison'].includes(mode);

export default defineConfig(({ mode }) => ({
  root: at('.'),
  base: './',
  publicDir: at('../weights'),
  plugins: [methodCode()],
  build: {
    outDir: at('dist'),
    emptyOutDir: true,
    target: 'es2022',
    rolldownOptions: { input: isPage(mode) ? at(`${mode}.html`) : [at('index.html'), at('viewer.html')] },
  },
  worker: { format: 'es' },
}));
