import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, it } from 'vitest';

/** What every folder may import: errors, the program's version, and the schemas of options. */
const GROUND: readonly string[] = ['errors.js', 'version.js', 'options'];

/** What each folder of src may import from, besides itself and these. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  options: [],
  tensor: [],
  interpreter: ['tensor'],
  kernels: ['tensor'],
  weights: ['tensor'],
  models: ['kernels', 'tensor', 'weights'],
  tokentrim: ['kernels', 'tensor'],
  pipelines: ['models', 'tokentrim', 'kernels', 'tensor', 'weights'],
  trace: ['pipelines', 'models', 'tokentrim', 'kernels', 'tensor', 'weights'],
  selfTest: ['pipelines', 'models', 'kernels', 'tensor'],
  measures: ['kernels', 'tensor'],
  batch: ['measures', 'pipelines', 'weights'],
  compare: ['batch', 'measures', 'pipelines', 'models', 'tokentrim', 'kernels', 'tensor', 'weights'],
  web: ['trace', 'pipelines', 'models', 'tokentrim', 'kernels', 'tensor', 'weights'],
  node: [
    'trace',
    'measures',
    'batch',
    'compare',
    'pipelines',
    'models',
    'tokentrim',
    'kernels',
    'interpreter',
    'tensor',
    'weights',
  ],
  media: ['node', 'trace'],
  synthesize: ['node', 'models', 'tensor', 'weights'],
  parity: ['node', 'pipelines', 'models', 'tokentrim', 'kernels', 'tensor', 'weights'],
  cli: [
    'synthesize',
    'selfTest',
    'measures',
    'trace',
    'batch',
    'compare',
    'parity',
    'pipelines',
    'models',
    'tokentrim',
    'kernels',
    'interpreter',
    'tensor',
    'weights',
    'media',
    'node',
  ],
};

const source = resolve(import.meta.dirname, '../src');
const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
/** A source without its comments. */
const code = (name: string) => readFileSync(join(source, name), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
const folderOf = (path: string) => relative(source, path).split(/[/\\]/)[0];

it('imports go down the ladder only', () => {
  const wrong = files.flatMap((name) => {
    const path = join(source, name);
    const imports = readFileSync(path, 'utf8').matchAll(/(?:from|import)\s*\(?'(\.[^']+)'/g);
    return Array.from(imports, ([, target]) => folderOf(resolve(dirname(path), target)))
      .filter((target) => ![folderOf(path), ...GROUND].includes(target) && name !== 'index.ts')
      .filter((target) => !ALLOWED[folderOf(path)]?.includes(target))
      .map((target) => `${name} imports from ${target}`);
  });
  expect(files.length).toBeGreaterThan(50);
  expect(wrong).toEqual([]);
});

it('nothing of 480x832 is written into the code', () => {
  const literals = /\b(1560|32760|4680)\b/;
  expect(files.filter((name) => literals.test(code(name)))).toEqual([]);
});

it('messages of the core name options as the library calls them: the command line makes flags of them', () => {
  const core = [
    'errors.ts',
    'options',
    'tensor',
    'interpreter',
    'kernels',
    'models',
    'tokentrim',
    'pipelines',
    'trace',
    'measures',
    'batch',
    'compare',
    'selfTest',
    'weights',
  ];
  const inCore = files.filter((name) => core.includes(name.split(/[/\\]/)[0]));
  expect(inCore.length).toBeGreaterThan(100);
  expect(inCore.filter((name) => /[\s'"`(]--[a-z$]/.test(code(name)))).toEqual([]);
});
