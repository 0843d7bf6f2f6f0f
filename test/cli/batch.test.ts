import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { BatchStatus } from '../../src/node/batch/batchStatus.js';
import { useProgram } from './program.js';

const program = useProgram();

const PROMPTS = [
  'a red circle stands still on a navy background',
  'a blue ring moves in a circle on a gray background',
];
const SMALL = ['--width', '16', '--height', '16', '--frames', '5', '--steps', '1000,500'];
const batch = (...more: string[]) => ['generate', '--prompts', 'prompts.txt', '--out-dir', 'clips', ...SMALL, ...more];
const videos = () => program.path('clips/videos');
const record = (name: string) => JSON.parse(readFileSync(program.path(`clips/plans/${name}.json`), 'utf8'));
const status = async () => JSON.parse((await program.run(['status', 'clips', '--json'])).stdout) as BatchStatus;

/** The digests of all clips by their names. */
const clips = (folder = videos()) =>
  Object.fromEntries(
    readdirSync(folder)
      .sort()
      .map((name) => [
        name,
        createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex'),
      ]),
  );

beforeEach(() => writeFileSync(program.path('prompts.txt'), `# two\n${PROMPTS.join('\n')}\n\n`));

test('makes every clip as a run of its own would, and goes on where it ended', async () => {
  const first = await program.run(batch('--seeds', '7..8'));
  expect(first.stderr).toContain('4 clips: 4 made, 0 found finished, 0 failed');
  expect(first.status).toBe(0);
  const made = clips();
  expect(Object.keys(made)).toEqual(PROMPTS.flatMap((prompt) => [0, 1].map((n) => `${prompt}-${n}.mp4`)).sort());

  const { prompt, seed, sha256, plan, frames } = record(`${PROMPTS[1]}-1`);
  expect({ prompt, seed, sha256, frames }).toEqual({
    ...{ prompt: PROMPTS[1], seed: '8', frames: 5 },
    sha256: made[`${PROMPTS[1]}-1.mp4`],
  });
  expect(plan.noise).toEqual({ seed: '8' });
  const alone = await program.run(['generate', PROMPTS[1], '--seed', '8', ...SMALL, '--out', 'alone/one.mp4']);
  expect(alone.status).toBe(0);
  expect(clips(program.path('alone'))['one.mp4']).toBe(sha256);
  const again = ['generate', '--plan', `clips/plans/${PROMPTS[1]}-1.json`, '--out', 'again/one.mp4'];
  expect((await program.run(again)).status).toBe(0);

  // Missing, cut, changed, and one that is whole.
  const [lost, cut, changed] = Object.keys(made);
  rmSync(join(videos(), lost));
  writeFileSync(join(videos(), cut), readFileSync(join(videos(), cut)).subarray(0, 900));
  appendFileSync(join(videos(), changed), ' ');
  const second = await program.run(batch('--seeds', '7..8'));
  expect(second.stderr).toContain('4 clips: 3 made, 1 found finished, 0 failed');
  expect(clips()).toEqual(made);
  expect(await status()).toMatchObject({ clips: 4, done: 4, running: [], failed: [], waiting: 0 });
  expect(readdirSync(program.path('clips/.batch/work'))).toEqual([]);

  const other = await program.run(batch('--seeds', '1..2'));
  expect(other.stderr).toContain('with other options, another seed or another version of this program');
  expect(other.status).toBe(1);
  expect(clips()).toEqual(made);
});

test('a clip that fails is written down, the others go on, and the next try makes it', async () => {
  const name = `${PROMPTS[0]}-0`;
  mkdirSync(videos(), { recursive: true });
  writeFileSync(join(videos(), `${name}.mp4`), 'somebody else wrote this');
  const first = await program.run(batch('--seeds', '0..1'));
  expect(first.status).toBe(1);
  expect(first.stderr).toContain('error: 1 of 4 clips failed');
  const { done, failed } = await status();
  expect([done, failed.length, failed[0].file]).toEqual([3, 1, `${name}.mp4`]);
  expect(failed[0].error).toContain('this program did not write it');
  expect((await program.run(['status', 'clips'])).stdout).toContain(
    '3 of 4 clips done, 0 running, 1 failed, 0 waiting',
  );
  rmSync(join(videos(), `${name}.mp4`));
  const second = await program.run(batch('--seeds', '0..1'));
  expect(second.status).toBe(0);
  expect((await status()).failed).toEqual([]);
  expect(existsSync(program.path(`clips/failed/${name}.json`))).toBe(false);
});

test('a clip whose worker was killed late goes on from its state, to the same bytes', async () => {
  const long = (folder: string, ...more: string[]) => [
    ...['generate', PROMPTS[0], '--out-dir', folder, ...SMALL, '--frames', '57', '--progress', 'lines'],
    ...more,
  ];
  await program.run(long('whole', '--no-resume'));
  const states = program.path('states');
  const hasState = () => {
    const [of] = existsSync(states) ? readdirSync(states) : [];
    return of !== undefined && ['note', 'state-1'].every((name) => existsSync(join(states, of, name)));
  };
  let timer: NodeJS.Timeout | undefined;
  const killed = await program.run(long('clips', '--resume', 'states'), {
    onStderr(_, kill) {
      timer ??= setInterval(() => hasState() && kill('SIGKILL'), 20);
    },
  });
  clearInterval(timer);
  expect(killed.status).toBe(null);
  const rest = await program.run(long('clips', '--resume', 'states'));
  expect(rest.stderr).toMatch(/going on with a red circle .*, from the state that a worker left of it/);
  expect(rest.stderr).not.toContain('made again');
  expect(rest.status).toBe(0);
  expect(clips()).toEqual(clips(program.path('whole/videos')));
  expect(readdirSync(states)).toEqual([]);
  expect(readdirSync(program.path('clips/.batch/work'))).toEqual([]);
  expect(readdirSync(program.path('clips/.batch/claims'))).toEqual([]);
});

test('a batch in which every clip fails alike ends with that, and does not try them all', async () => {
  const { status: code, stderr } = await program.run(batch('--seeds', '0..9', '--gpu-memory', '0.001'));
  expect(code).toBe(1);
  expect(stderr.match(/^failed: /gm)).toHaveLength(3);
  expect(stderr).toMatch(/^error: the last three clips failed alike, so the 17 after them are not tried: .*memory/m);
});

describe('shares', () => {
  test('come from the environment, what is given wins, and it is said', async () => {
    const task = { SLURM_ARRAY_TASK_ID: '5', SLURM_ARRAY_TASK_MIN: '4', SLURM_ARRAY_TASK_MAX: '6' };
    const array = { ...task, SLURM_ARRAY_TASK_COUNT: '3', SLURM_ARRAY_TASK_STEP: '1' };
    const shared = await program.run(batch('--seeds', '0..2', '--dry-run'), { env: array });
    expect(shared.stderr).toContain('share 2 of 3, 2 of 6, by task 5 of the Slurm array 4-6');
    expect(shared.stdout.match(/^to make/gm)).toHaveLength(2);
    const given = await program.run(batch('--seeds', '0..2', '--dry-run', '--shard', '1/1'), { env: array });
    expect(given.stderr).toContain('share 1 of 1, 6 of 6, by --shard');
    expect(existsSync(program.path('clips'))).toBe(false);
  });
});

test('hostile prompts stay in the folder, and no terminal is told anything', async () => {
  const hostile = ['../../../up', '/etc/passwd', 'con.txt', '\u001b[31mred', `${'long '.repeat(40)}end`, 'A B', 'a b'];
  writeFileSync(program.path('prompts.txt'), hostile.join('\n'));
  const { status: code, stderr } = await program.run(batch('--progress', 'lines'));
  expect(code).toBe(0);
  expect(stderr).not.toContain('\u001b');
  const files = readdirSync(videos());
  expect(new Set(files.map((name) => name.toLowerCase())).size).toBe(hostile.length);
  expect(program.files().filter((name) => !name.startsWith('clips'))).toEqual(['prompts.txt']);
  const manifest = JSON.parse(readFileSync(program.path('clips/vbench.json'), 'utf8'));
  expect(Object.keys(manifest).sort()).toEqual(files.sort());
  expect(Object.values(manifest).sort()).toEqual([...hostile].sort());
  const said = await program.run(['status', 'clips', '--json']);
  expect(said.stdout).not.toContain('\u001b');
});
