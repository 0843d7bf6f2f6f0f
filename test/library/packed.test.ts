import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { build, type Rolldown } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import copyKernels from '../../scripts/copyKernels.mjs';

// The package as npm would publish it, in an empty program's node_modules: nothing of this repository is at hand there but
// the packages that it depends on. No network is needed.

const root = resolve(import.meta.dirname, '../..');
const { dependencies, files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
  files: string[];
};

const tsc = join(root, 'node_modules/typescript/lib/tsc.js');

let home = '';
let app = '';
let installed = '';
let archive = '';

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'tokentrim packed é-'));
  const source = join(home, 'source');
  const build = ['tsconfig.json', 'tsconfig.build.json', 'package.json', 'README.md', 'LICENSE'];
  for (const name of [...files.filter((file) => file !== 'dist'), ...build]) {
    cpSync(join(root, name), join(source, name), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(source, 'node_modules'), 'junction');
  // As `npm run build`, without the check that `npm test` has made before.
  run(source, process.execPath, tsc, '-p', 'tsconfig.build.json', '--noCheck');
  copyKernels(source, join(source, 'dist'));
  run(source, 'npm', 'pack', '--ignore-scripts', '--silent', '--offline');
  const [tarball] = readdirSync(source).filter((name) => name.endsWith('.tgz'));
  archive = join(source, tarball);
  run(source, 'tar', '-xzf', tarball);

  app = join(home, 'app');
  installed = join(app, 'node_modules/tokentrim');
  cpSync(join(source, 'package'), installed, { recursive: true });
  for (const name of Object.keys(dependencies)) {
    const link = join(app, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), link, 'junction');
  }
  writeFileSync(join(app, 'package.json'), '{ "type": "module" }');
  for (const name of ['consumer.mts', 'page.mts', 'worker.mts'])
    cpSync(join(import.meta.dirname, name), join(app, name));
}, 600_000);

afterAll(() => rmSync(home, { recursive: true, force: true }));

test('holds what is needed, and nothing else', () => {
  const names = readdirSync(installed, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(installed.length + 1)
        .replaceAll('\\', '/'),
    );
  const wanted = /^(bin|dist|docs|examples|src|weights)\/|^(LICENSE|README\.md|package\.json)$/;
  expect(names.filter((name) => !wanted.test(name) || /\.(test|tgz)\b|(^|\/)\./.test(name))).toEqual([]);
  const needed = ['bin/tokentrim.js', 'dist/index.js', 'dist/index.d.ts', 'dist/kernels/linear/linear.wgsl', 'LICENSE'];
  expect(names).toEqual(expect.arrayContaining([...needed, 'weights/toy-world/transformer.safetensors']));

  const megabytes = statSync(archive).size / 1e6; // 8 of them are the toy world's weights
  expect(megabytes).toBeLessThan(14);

  const maps = names.filter((name) => name.endsWith('.map'));
  expect(maps.length).toBeGreaterThan(100);
  for (const name of maps) {
    const { sources, sourcesContent } = JSON.parse(readFileSync(join(installed, name), 'utf8'));
    const isThere = (source: string, index: number) =>
      sourcesContent?.[index] !== undefined || existsSync(join(installed, dirname(name), source));
    expect(sources.every(isThere), name).toBe(true);
  }
});

test('every resolver finds its exports and types, and nothing runs where it is installed', () => {
  run(root, process.execPath, 'scripts/checkPackage.mjs', archive);
});

describe('compiles in a strict program, its types looked at too', () => {
  const strict = {
    strict: true,
    skipLibCheck: false,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
  };

  test.each<[string, object]>([
    ['for Node, without its types or the DOM', { module: 'nodenext', lib: ['es2022'], types: [] }],
    [
      'for a bundler, with the DOM',
      { module: 'esnext', moduleResolution: 'bundler', lib: ['es2022', 'dom'], types: [] },
    ],
  ])('%s', (_, options) => {
    expect(compile({ compilerOptions: { ...strict, target: 'es2022', ...options }, files: ['consumer.mts'] })).toBe('');
  });
});

test('a page compiles in a strict program, and any bundler makes it and its worker', async () => {
  const options = { ...{ module: 'esnext', moduleResolution: 'bundler', target: 'es2022' }, outDir: 'page', types: [] };
  const strict = { strict: true, skipLibCheck: false, exactOptionalPropertyTypes: true, lib: ['es2022', 'dom'] };
  expect(compile({ compilerOptions: { ...strict, ...options }, files: ['page.mts', 'worker.mts'] })).toBe('');
  const { output } = (await build({
    configFile: false,
    root: app,
    logLevel: 'silent',
    worker: { format: 'es' },
    build: { write: false, target: 'es2022', rolldownOptions: { input: join(app, 'page/page.mjs') } },
  })) as Rolldown.RolldownOutput;
  const [page, worker] = ['page', 'worker'].map((name) => {
    const file = output.find(({ fileName }) => fileName.startsWith(`assets/${name}-`));
    return (file?.type === 'asset' ? file.source : file?.code) as string;
  });
  expect(worker).toContain('requestAdapter');
  expect(page).toContain(output.find(({ fileName }) => fileName.startsWith('assets/worker-'))?.fileName);
});

test('the compiled program runs', () => {
  writeFileSync(
    join(app, 'run.mjs'),
    "import { main } from './consumer.mjs';\nconsole.log(JSON.stringify(await main()));\n",
  );
  const { blocks, pictures } = JSON.parse(run(app, process.execPath, 'run.mjs'));
  expect(blocks).toEqual([{ block: 0, attempts: 1, triggered: false, live: 1 }]);
  expect(pictures).toEqual({ streamed: 9, decoded: 9, width: 16, height: 16 });
});

describe('examples', () => {
  const names = readdirSync(join(root, 'examples')).filter((name) => name.endsWith('.mjs'));

  beforeAll(() => cpSync(join(root, 'examples'), join(app, 'examples'), { recursive: true }));

  test('are typed', () => {
    const link = join(app, 'node_modules/@types');
    mkdirSync(link, { recursive: true });
    symlinkSync(join(root, 'node_modules/@types/node'), join(link, 'node'), 'junction');
    const options = { strict: true, allowJs: true, checkJs: true, noEmit: true, module: 'nodenext', types: ['node'] };
    const files = names.map((name) => `examples/${name}`);
    expect(compile({ compilerOptions: { ...options, target: 'es2023', skipLibCheck: true }, files })).toBe('');
    expect(names).toHaveLength(3);
  });

  test('own-policy: both rollouts ask it', () => {
    const lines = run(app, process.execPath, 'examples/own-policy.mjs').trim().split('\n');
    expect(lines.map((line) => line.split(':')[0])).toEqual([
      ...['self-forcing, block 0', 'self-forcing, block 1'],
      ...['rolling-forcing, block 0', 'rolling-forcing, block 1'],
    ]);
    expect(lines[1]).toMatch(/: [123] attempts; moved most: token \d+ by \d/);
  });

  test('own-sampler: a video is written', () => {
    const said = run(app, process.execPath, 'examples/own-sampler.mjs', 'frames/');
    expect(said).toMatch(/frames 0 to 2 of 6\nframes 3 to 5 of 6\nwrote frames/);
    expect(readdirSync(join(app, 'frames')).filter((name) => name.endsWith('.png'))).toHaveLength(21);
  });

  test('dump-cache: what was pruned is gone from the first block and not from the second', () => {
    const said = run(app, process.execPath, 'examples/dump-cache.mjs');
    const [first, second] = said.split('after block').slice(1);
    expect(first).toMatch(/^ 0, made 1 times:\n( {2}frame \d: #### #### #### #### {2}16 of 16 tokens.*\n){3}$/);
    expect(second).toMatch(/^ 1, made 2 times:\n( {2}frame [012]: #### #\.\.# #\.\.# #### {2}12 of 16 tokens.*\n){3}/);
    expect(second).toMatch(/(frame [345]: #### #### #### #### {2}16 of 16 tokens.*\s*){3}$/);
  });
});

/** What the compiler says of a program in the app's folder. */
function compile(config: object): string {
  writeFileSync(join(app, 'tsconfig.json'), JSON.stringify(config));
  return spawnSync(process.execPath, [tsc, '-p', 'tsconfig.json'], { cwd: app, encoding: 'utf8' }).stdout;
}

/** The standard output of a command that must end well. */
function run(cwd: string, command: string, ...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  expect(status, `${command} ${args.join(' ')}: ${error ?? stderr}`).toBe(0);
  return stdout;
}
