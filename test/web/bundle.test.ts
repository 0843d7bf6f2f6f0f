import { isBuiltin } from 'node:module';
import { relative, resolve } from 'node:path';
import { build, type Rolldown } from 'vite';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');

/** Past this something came along that a page has no use for; what there is is about 640 kB, half of it kernels. */
const MOST_BYTES = 750_000;

/** Packages that the engine runs on in a page too. */
const PACKAGES = ['@huggingface/tokenizers', 'entities', 'iota-array', 'is-buffer', 'ndarray', 'pure-rand', 'zod'];

/** Bundles an entry for browsers, as a page of somebody else's would, with nothing in the place of Node. */
async function bundle(entry: string): Promise<Rolldown.OutputChunk[]> {
  const { output } = (await build({
    configFile: false,
    root,
    logLevel: 'silent',
    publicDir: false,
    build: {
      write: false,
      target: 'es2022',
      modulePreload: false,
      rolldownOptions: { input: resolve(root, entry), preserveEntrySignatures: 'strict' },
    },
  })) as Rolldown.RolldownOutput;
  return output.filter((chunk) => chunk.type === 'chunk');
}

/** The package that a module is of; undefined for one of this repository. */
const packageOf = (module: string) => /node_modules\/((?:@[^/]+\/)?[^/]+)(?!.*node_modules)/.exec(module)?.[1];

test.each(['src/web/index.ts', 'src/web/worker.ts'])('%s runs without Node, and is small', async (entry) => {
  const chunks = await bundle(entry);
  const modules = chunks
    .flatMap(({ modules }) => Object.keys(modules))
    .map((id) => relative(root, id.replace(/^\0/, '/')));
  expect(modules.length).toBeGreaterThan(100);
  // Vite puts an empty module, named so, in the place of one of Node's.
  expect(
    modules.filter((id) => id.includes('browser-external') || isBuiltin(id) || id.startsWith('src/node/')),
  ).toEqual([]);
  expect(modules.map(packageOf).filter((name) => name !== undefined && !PACKAGES.includes(name))).toEqual([]);
  expect(
    chunks.flatMap(({ imports, dynamicImports, fileName }) =>
      [...imports, ...dynamicImports].map((id) => `${fileName}: ${id}`),
    ),
  ).toEqual([]);
  const bytes = chunks.reduce((sum, { code }) => sum + Buffer.byteLength(code), 0);
  console.info(`${entry}: ${Math.round(bytes / 1000)} kB minified, ${modules.length} modules`);
  expect(bytes).toBeLessThan(MOST_BYTES);
});
