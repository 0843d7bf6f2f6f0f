import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import copyKernels from '../../scripts/copyKernels.mjs';
import { lavapipeDriverFiles } from '../../src/node/adapter/vulkanDrivers.js';

// The bundle for a bare machine (bench/card), made and run small on lavapipe where no `node` is on the path. What it needs of
// the real machine is there: a Vulkan loader, and the checkout beside it.

const root = fileURLToPath(new URL('../..', import.meta.url));
const has = (name: string) => spawnSync('sh', ['-c', `command -v ${name}`]).status === 0;
const isPossible =
  process.platform === 'linux' &&
  process.arch === 'x64' &&
  lavapipeDriverFiles().length > 0 &&
  ['bash', 'xz', 'strip', 'tar', 'timeout'].every(has);

/** A folder with every program of the path but Node's. */
function pathWithoutNode(folder: string): string {
  mkdirSync(folder);
  const programs = new Map(['/bin', '/usr/bin'].flatMap((at) => readdirSync(at).map((name) => [name, join(at, name)])));
  for (const name of ['node', 'nodejs', 'npm', 'npx', 'corepack']) programs.delete(name);
  for (const [name, path] of programs) symlinkSync(path, join(folder, name));
  return folder;
}

test.runIf(isPossible)('the bundle runs without Node, and leaves eight files that say what was right', () => {
  const home = mkdtempSync(join(tmpdir(), 'tokentrim-card-'));
  try {
    const dist = join(home, 'dist');
    const tsc = join(root, 'node_modules/typescript/lib/tsc.js');
    execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--noCheck', '--outDir', dist], { cwd: root });
    copyKernels(root, dist);
    const bundle = join(home, 'bundle');
    const made = spawnSync('bash', ['bench/card/make-bundle.sh', bundle], {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, DIST: dist, XZ_LEVEL: '0', LIBRARIES: 'none' },
    });
    expect(made.status, made.stderr).toBe(0);

    const out = join(home, 'out');
    const ended = spawnSync('/bin/bash', [join(bundle, 'run-on-gpu.sh')], {
      cwd: root,
      encoding: 'utf8',
      env: {
        PATH: pathWithoutNode(join(home, 'bin')),
        HOME: home,
        MESA_SHADER_CACHE_DIR: process.env.MESA_SHADER_CACHE_DIR ?? join(homedir(), '.cache'),
        TT_TMP: join(home, 'unpacked'),
        OUT: out,
        ADAPTER: 'lavapipe',
        SMALL: '1',
        SLOW: '4',
        TOTAL: '400',
        STEPS: 'doctor forms parity demo',
        GROUPS_ASKED: 'forms',
      },
    });
    expect(ended.status).toBe(0);
    expect(readdirSync(out).sort()).toEqual(
      [
        'bench.json',
        'demo.json',
        'doctor.json',
        'forms.json',
        'log.txt',
        'parity.json',
        'summary.txt',
        'torch.json',
      ].sort(),
    );
    expect(ended.stdout, 'a step that failed').not.toMatch(/, status \d/);
    const summary = readFileSync(join(out, 'summary.txt'), 'utf8');
    expect(summary).toMatch(/^forms: [1-9]\d* checks agree, 0 do not, \d+ are of forms that this adapter has not$/m);
    expect(summary).not.toContain('FAIL');
    expect(summary.match(/^parity-\S+: 1 of 1 cases$/gm)?.length).toBeGreaterThan(0);
    const read = (name: string) => JSON.parse(readFileSync(join(out, name), 'utf8'));
    expect(read('doctor.json').adapters.some(({ kind }: { kind: string }) => kind === 'lavapipe')).toBe(true);
    expect(Object.keys(read('demo.json'))).toEqual(['demo-self-forcing']);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
