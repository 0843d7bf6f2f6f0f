import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'vite';
import type { TestProject } from 'vitest/node';
import copyKernels from '../../scripts/copyKernels.mjs';

declare module 'vitest' {
  export interface ProvidedContext {
    /** A folder as npm would install the program, made from the sources as they are. */
    programFolder: string;
  }
}

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Packages that are left where they are: they open files of their own. */
const WITH_BINARIES = [
  'webgpu',
  'sharp',
  'h264-mp4-encoder',
  '@napi-rs/webcodecs',
  '@sparticuz/chromium',
  'typescript',
];

/**
 * The command line, made once for all tests: its modules and packages in a few files, so that each of some hundred processes starts in half
 * the time. What npm packs is tested by itself (test/library/packed.test.ts).
 */
export default async function programFolder({ provide }: TestProject): Promise<() => void> {
  const folder = mkdtempSync(join(tmpdir(), 'tokentrim-program-'));
  const dist = join(folder, 'dist');
  const entries = ['cli/main', 'cli/earlySignal', 'media/reader/main'];
  await build({
    root,
    configFile: false,
    logLevel: 'warn',
    plugins: [addressesAsInSource()],
    ssr: { noExternal: true, external: WITH_BINARIES },
    build: {
      ssr: true,
      target: 'es2022',
      outDir: dist,
      emptyOutDir: true,
      minify: false,
      rolldownOptions: {
        input: Object.fromEntries(entries.map((entry) => [entry, join(root, 'src', `${entry}.ts`)])),
        output: { entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
      },
    },
  });
  copyKernels(root, dist);
  for (const name of ['package.json', 'weights', 'node_modules']) symlinkSync(join(root, name), join(folder, name));
  cpSync(join(root, 'bin'), join(folder, 'bin'), { recursive: true }); // it finds dist beside itself
  provide('programFolder', folder);
  return () => rmSync(folder, { recursive: true, force: true });
}

/** Modules find files by their own address: each keeps the one that it has in dist, whatever file it ends in. */
function addressesAsInSource(): Plugin {
  return {
    name: 'addresses as in the source',
    transform(code, id) {
      const path = relative(join(root, 'src'), id);
      if (path.startsWith('..') || !code.includes('import.meta.url')) return undefined;
      return code.replaceAll('import.meta.url', `addressOf('${path.replace(/\.ts$/, '.js')}')`);
    },
    renderChunk(code, { fileName }) {
      return code.replace(/addressOf\(["'](.*?)["']\)/g, (_, path: string) => {
        return `new URL('./${relative(dirname(fileName), path)}', import.meta.url).href`;
      });
    },
  };
}
