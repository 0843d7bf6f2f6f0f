import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// The page is made of src/web; the toy world's files are served, and copied, as they are. Addresses are relative, so that
// any host and any folder will do.
export default defineConfig({
  root: at('.'),
  base: './',
  publicDir: at('../weights'),
  build: { outDir: at('dist'), emptyOutDir: true, target: 'es2022' },
  worker: { format: 'es' },
});
