// Makes dist/viewer/viewer.html and comparison.html: the viewer of traces and the page of comparisons, each one file that
// asks for nothing, with a place for its data in it (src/trace/fillViewer.ts, src/compare/fillComparison.ts).
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const web = fileURLToPath(new URL('../web', import.meta.url));

/** A page, `viewer` or `comparison`, as text: its script and its styles stand in it. */
export async function viewerPage(name = 'viewer') {
  const { output } = await build({
    configFile: join(web, 'vite.config.ts'),
    mode: name,
    logLevel: 'warn',
    publicDir: false,
    build: {
      write: false,
      minify: true,
      modulePreload: false,
      rolldownOptions: { output: { codeSplitting: false } },
    },
  });
  const page = output.find(({ fileName }) => fileName.endsWith('.html')).source;
  const script = output.find(({ type }) => type === 'chunk').code;
  const styles = output.filter(({ fileName }) => fileName.endsWith('.css')).map(({ source }) => source);
  return page
    .replace(
      /<script type="module"[^>]*><\/script>/,
      () => `<script type="module">${script.replaceAll('</script', '<\\/script')}</script>`,
    )
    .replace(/<link rel="stylesheet"[^>]*>/, () => `<style>${styles.join('')}</style>`);
}

/** Writes one. */
export default async function buildViewer(target, name) {
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, await viewerPage(name));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildViewer(process.argv[2], process.argv[3]);
