import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeEach, expect, inject, test } from 'vitest';
import type { BatchStatus } from '../../src/node/batch/batchStatus.js';
import type { ClipRecord } from '../../src/node/batch/clipRecord.js';
import { useProgram } from './program.js';

const program = useProgram();

const PROMPTS = [
  'a red circle stands still on a navy background',
  'a blue ring moves in a circle on a gray background',
  'a green square bounces up and down on a black background',
];
const SMALL = ['--width', '16', '--height', '16', '--frames', '5', '--steps', '1000,500'];
const bin = join(inject('programFolder'), 'bin', 'tokentrim.js');
const batch = (folder: string, ...more: string[]) => [
  ...['generate', '--prompts', 'prompts.txt', '--seeds', '0..3', '--out-dir', folder, ...SMALL],
  ...more,
];

beforeEach(() => writeFileSync(program.path('prompts.txt'), PROMPTS.join('\n')));

/** The digests of all clips by their names. */
function clips(folder: string): Record<string, string> {
  const place = program.path(`${folder}/videos`);
  const digest = (name: string) =>
    createHash('sha256')
      .update(readFileSync(join(place, name)))
      .digest('hex');
  return Object.fromEntries(
    readdirSync(place)
      .sort()
      .map((name) => [name, digest(name)]),
  );
}

/** Every clip is there once and whole, as its record says, and nothing is claimed any more. */
async function expectWhole(folder: string): Promise<void> {
  const { stdout } = await program.run(['status', folder, '--json']);
  const status = JSON.parse(stdout) as BatchStatus;
  expect(status).toMatchObject({ clips: 12, done: 12, running: [], failed: [], waiting: 0 });
  for (const [name, sha256] of Object.entries(clips(folder))) {
    const path = program.path(`${folder}/plans/${name.replace('.mp4', '.json')}`);
    expect((JSON.parse(readFileSync(path, 'utf8')) as ClipRecord).sha256).toBe(sha256);
  }
  for (const part of ['claims', 'states']) {
    expect(readdirSync(program.path(`${folder}/.batch/${part}`)), part).toEqual([]);
  }
}

/**
 * Looks at what is claimed in a folder until the returned function is called, which checks that no clip was made again after
 * it was done: entries never change, so that what is seen of a row is all that was there by then.
 */
function watchClaims(folder: string): () => void {
  const claims = program.path(`${folder}/.batch/claims`);
  const seen = new Map<string, string>();
  const timer = setInterval(() => {
    for (const name of existsSync(claims) ? readdirSync(claims) : []) {
      if (seen.has(name)) continue;
      try {
        seen.set(name, (JSON.parse(readFileSync(join(claims, name), 'utf8')) as { state: string }).state);
      } catch {} // it is being written, or taken away
    }
  }, 20);
  return () => {
    clearInterval(timer);
    const rows = new Map<string, string[]>();
    const numbered = [...seen].map(([name, state]) => [...name.split('.'), state]);
    for (const [key, , state] of numbered.sort(([, left], [, right]) => Number(left) - Number(right))) {
      rows.set(key, [...(rows.get(key) ?? []), state]);
    }
    expect(rows.size).toBe(12);
    for (const row of rows.values()) expect(row.join(' ')).toMatch(/^((held|free) )*(held|done)$/);
  };
}

/** Numbers from 0 up to 1, the same each time. */
function* numbers(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state / 2 ** 32;
  }
}

test('four workers on one folder, killed and started again and again, make what one makes', async () => {
  const alone = await program.run(batch('alone', '--quiet'));
  expect(alone.status).toBe(0);
  await expectWhole('alone');

  const random = numbers(20);
  let kills = 16;
  let killed = 0;
  /** One of the four: runs the line until it comes to its end by itself. */
  const work = async (): Promise<void> => {
    for (;;) {
      const child: ChildProcess = spawn(process.execPath, [bin, ...batch('shared', '--quiet')], {
        cwd: program.folder,
        env: { ...process.env, ...program.env() }, // or kernels that were measured on this machine would choose for them
        stdio: 'ignore',
      });
      const isKilled = kills-- > 0;
      // Some while they load, most while they make clips.
      const timer = isKilled ? setTimeout(() => child.kill('SIGKILL'), 500 + 9000 * random.next().value) : undefined;
      const status = await new Promise<number | null>((done) => child.on('close', done));
      clearTimeout(timer);
      if (status === 0) return;
      expect(status).toBe(null); // killed, and nothing else
      killed++;
    }
  };
  const checkClaims = watchClaims('shared');
  await Promise.all([work(), work(), work(), work()]);
  checkClaims();
  expect(killed).toBeGreaterThan(3);
  await expectWhole('shared');
  expect(clips('shared')).toEqual(clips('alone'));
});

const hasParallel = spawnSync('parallel', ['--version']).status === 0;
if (!hasParallel) console.warn('GNU parallel is not installed (apt-get install parallel): its example is not run');

test.skipIf(!hasParallel)('the example for GNU parallel makes every clip, each worker its share', async () => {
  const script = resolve(import.meta.dirname, '../../examples/parallel.sh');
  const child = spawn(script, ['3', 'prompts.txt', 'clips', '--seeds', '0..3', ...SMALL], {
    cwd: program.folder,
    env: { ...process.env, ...program.env(), TOKENTRIM: `${process.execPath} ${bin}` },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  expect(await new Promise((done) => child.on('close', done))).toBe(0);
  for (const share of [1, 2, 3]) expect(said).toContain(`share ${share} of 3, 4 of 12, by PARALLEL_SEQ ${share}`);
  await expectWhole('clips');
});
