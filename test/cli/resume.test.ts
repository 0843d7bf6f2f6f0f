import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readVideo } from '../media/support/readVideo.js';
import { useProgram } from './program.js';

// Runs that are killed, and gone on with until they are whole: what they leave is what an uninterrupted run leaves, to the byte.
// TOKENTRIM_KILLS=50 npx vitest run test/cli/resume.test.ts kills as often in all; 12 times where it does not say.

const KILLS = Number(process.env.TOKENTRIM_KILLS ?? 12);

const program = useProgram();

const SMALL = ['--frames', '81', '--steps', '1000,500', '--width', '32', '--height', '32', '--progress', 'json'];
const EAGER = ['--trim-warmup', '1', '--trim-sensitivity', '0'];
const PROMPT = 'a red circle bounces left and right on a navy background';

const METHODS = {
  'self-forcing': [PROMPT, ...SMALL, ...EAGER],
  'rolling-forcing': [PROMPT, ...SMALL, ...EAGER, '--preset', 'rolling-forcing', '--frames', '101'],
  'self-forcing, pictures after the rollout, FlowMo': [PROMPT, ...SMALL, '--decode', 'after', '--method-of-paper'],
  wan: [PROMPT, ...SMALL, '--preset', 'wan', '--steps', '12', '--frames', '17', '--guidance', '2'],
} as const;

/** Everything in a folder, by its contents. */
function digests(...names: readonly string[]): Record<string, string> {
  const files = names.flatMap((name) => {
    const path = program.path(name);
    return name.endsWith('/') ? readdirSync(path).map((file) => join(name, file)) : [name];
  });
  return Object.fromEntries(
    files.map((file) => [
      file,
      createHash('sha256')
        .update(readFileSync(program.path(file)))
        .digest('hex'),
    ]),
  );
}

/** Ends the program after so many of its steps and some milliseconds more, wherever it is then. */
const after = (steps: number, milliseconds: number, ...signals: NodeJS.Signals[]) => {
  let isDue = true;
  return (stderr: string, kill: (signal: NodeJS.Signals) => void) => {
    if (!isDue || (stderr.match(/"event":"step"/g)?.length ?? 0) < steps) return;
    isDue = false;
    for (const [index, signal] of signals.entries()) setTimeout(() => kill(signal), milliseconds + 50 * index);
  };
};

/** Random enough, and the same every time. */
function* randoms(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state / 2 ** 32;
  }
}

describe.each(Object.entries(METHODS))('%s', (name, args) => {
  test('killed at random moments and gone on with, it leaves the same bytes', async () => {
    const outputs = (to: string) => [
      '--out',
      `${to}.mp4`,
      '--save-latents',
      `${to}.safetensors`,
      '--save-noise',
      `${to}-noise.safetensors`,
    ];
    const whole = await program.run(['generate', ...args, ...outputs('video'), '--no-resume']);
    expect(whole.stderr).not.toContain('"error"');
    const expected = digests('video.mp4', 'video.safetensors', 'video-noise.safetensors');
    const random = randoms(7 + name.length);
    const command = ['generate', ...args, ...outputs('cut'), '--resume', 'state'];
    let kills = 0;
    for (let left = KILLS / Object.keys(METHODS).length; left > 0; left--) {
      const steps = Math.floor(random.next().value * 8) + 1;
      const { status } = await program.run(command, { onStderr: after(steps, random.next().value * 400, 'SIGKILL') });
      if (status === 0) break; // it was through before
      kills++;
    }
    expect(kills).toBeGreaterThan(0);
    const last = existsSync(program.path('cut.mp4')) ? undefined : await program.run(command);
    expect(last?.stderr ?? '').not.toContain('"error"');
    expect(Object.values(digests('cut.mp4', 'cut.safetensors', 'cut-noise.safetensors'))).toEqual(
      Object.values(expected),
    );
    expect(existsSync(program.path('state'))).toBe(false);
  });
});

test('PNG frames, prompts over time: the folder is the same', async () => {
  const { writeFileSync } = await import('node:fs');
  writeFileSync(program.path('prompts.txt'), `0: ${PROMPT}\n2s: a blue square\n`);
  const run = ['generate', '--prompts-at', 'prompts.txt', ...SMALL];
  await program.run([...run, '--out', 'whole/', '--no-resume']);
  const command = [...run, '--out', 'cut/', '--resume', 'state'];
  await program.run(command, { onStderr: after(7, 30, 'SIGKILL') });
  await program.run(command, { onStderr: after(3, 130, 'SIGKILL') });
  const last = await program.run(command);
  expect(last.status).toBe(0);
  expect(Object.values(digests('cut/'))).toEqual(Object.values(digests('whole/')));
});

test('Ctrl-C leaves a video that plays, and says how to go on; the folder alone is enough for that', async () => {
  await program.run(['generate', PROMPT, ...SMALL, '--no-resume', '--out', 'whole.mp4']);
  const run = ['generate', PROMPT, ...SMALL, '--resume', 'state', '--out', 'video.mp4'];
  const stopped = await program.run(run, { onStderr: after(8, 0, 'SIGINT') });
  expect(stopped.status).toBe(130);
  expect(stopped.stderr).toMatch(
    /holds the \d+ frames that were finished\. Go on with: tokentrim generate --resume state/,
  );
  expect((await readVideo(program.path('video.mp4'), { decode: true })).pictures.length).toBeGreaterThanOrEqual(8);
  const twice = await program.run(['generate', '--resume', 'state', '--progress', 'json'], {
    onStderr: after(2, 0, 'SIGINT', 'SIGINT'),
  });
  expect([130, null]).toContain(twice.status); // a shell says 130 for both
  const rest = await program.run(['generate', '--resume', 'state', '--progress', 'lines']);
  expect(rest.stderr).toMatch(/going on after \d of 7 blocks, which state holds/);
  expect(rest.status).toBe(0);
  expect(Object.values(digests('video.mp4'))).toEqual(Object.values(digests('whole.mp4')));
});

/** Has the first device of the process destroyed, as a driver's reset does, when a signal says so. */
const losing = () => {
  const lose = `
    const { globals: { GPUAdapter } } = await import('${import.meta.resolve('webgpu')}');
    const { requestDevice } = GPUAdapter.prototype;
    let first;
    GPUAdapter.prototype.requestDevice = async function (...asked) {
      const device = await requestDevice.apply(this, asked);
      first ??= device;
      return device;
    };
    process.on('SIGUSR2', () => first.destroy());`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(lose)}` };
};

test('a lost device is opened again, and the run goes on by itself', async () => {
  await program.run(['generate', PROMPT, ...SMALL, '--no-resume', '--out', 'whole.mp4']);
  const run = ['generate', PROMPT, ...SMALL, '--resume', 'state', '--out', 'video.mp4'];
  const { status, stderr } = await program.run(run, { env: losing(), onStderr: after(6, 10, 'SIGUSR2') });
  expect(stderr).toContain('the adapter was lost: it is opened again');
  expect(status).toBe(0);
  expect(Object.values(digests('video.mp4'))).toEqual(Object.values(digests('whole.mp4')));
});

test('another run, and what cannot be gone on with, is refused', async () => {
  const run = ['generate', PROMPT, ...SMALL, '--resume', 'state', '--out', 'video.mp4'];
  await program.run(run, { onStderr: after(6, 0, 'SIGKILL') });
  const other = await program.run([...run, '--seed', '5']);
  expect(other.status).toBe(1);
  expect(other.stderr).toMatch(/it holds another run, which differs in `noise\.seed` .*0.*, not .*5/);
  const traced = await program.run([...run, '--trace', 'trace']);
  expect(traced.status).toBe(2);
  expect(traced.stderr).toContain('--trace shows a run from its first block to its last');
  const nothing = await program.run(['generate', '--resume', 'empty']);
  expect(nothing.status).toBe(1);
  expect(nothing.stderr).toContain('there is no run to go on with');
});
