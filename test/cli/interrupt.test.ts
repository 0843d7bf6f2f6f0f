import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openTensorSource } from '../../src/node/model/openTensorSource.js';
import { writeSafetensors } from '../../src/node/weights/writeSafetensors.js';
import { TorchGenerator } from '../../src/tensor/random.js';
import { elementCount } from '../../src/tensor/shape.js';
import { readVideo } from '../media/support/readVideo.js';
import { useProgram } from './program.js';

const program = useProgram();

const SMALL = ['--frames', '321', '--steps', '1000,500', '--width', '32', '--height', '32'];
const RUN = ['generate', 'a red circle', ...SMALL, '--out', 'video.mp4'];
const RECORDED = [...RUN, '--save-latents', 'latents.safetensors', '--save-noise', 'noise.safetensors'];

/** Sends signals once progress shows that blocks are finished: a severity is that of block 1 or a later one. */
const afterSomeBlocks = (...signals: NodeJS.Signals[]) => {
  const waiting = [...signals];
  return (stderr: string, kill: (signal: NodeJS.Signals) => void) => {
    const said = waiting.length === signals.length ? stderr.includes('severity') : stderr.includes('stopping');
    if (said && waiting.length > 0) kill(waiting.shift()!);
  };
};

/** The message says how many frames were finished; the video and the latents hold those. */
async function expectFinished(stderr: string): Promise<void> {
  const [, kept] = /^error: interrupted; video\.mp4 holds the (\d+) frames that were finished$/m.exec(stderr) ?? [];
  const frames = Number(kept);
  expect(frames).toBeGreaterThanOrEqual(21);
  expect(frames).toBeLessThan(321);
  expect((await readVideo(program.path('video.mp4'), { decode: true })).pictures).toHaveLength(frames);
  const latents = await openTensorSource(program.path('latents.safetensors'));
  expect(latents.info('latents').shape).toEqual([1, (frames - 1) / 4 + 1, 16, 4, 4]);
  await latents.close();
}

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s: video and recordings hold what was finished', async (signal, expected) => {
  const { status, stdout, stderr } = await program.run([...RECORDED, '--json'], { onStderr: afterSomeBlocks(signal) });
  expect(status).toBe(expected);
  const [line, ...more] = stdout.split('\n');
  expect(more).toEqual(['']);
  expect(JSON.parse(line)).toMatchObject({ status: 'interrupted', out: 'video.mp4', frames: expect.any(Number) });
  await expectFinished(stderr);
  expect(program.files()).toEqual(['latents.safetensors', 'noise.safetensors', 'video.mp4']);
});

test('a call that takes long is not waited for: what was finished is kept, and the run ends', async () => {
  const large = ['generate', 'a red circle', '--width', '512', '--height', '512', '--out', 'video.mp4'];
  let began = 0;
  const onStderr = (stderr: string, kill: (signal: NodeJS.Signals) => void) => {
    if (began > 0 || !stderr.includes('self-forcing')) return;
    began = performance.now();
    kill('SIGHUP');
  };
  const { status, stderr } = await program.run([...large, '--progress', 'lines', '--frames', '9'], { onStderr });
  expect((performance.now() - began) / 1000).toBeLessThan(4); // two on a machine that has nothing else to do
  expect(status).toBe(129);
  expect(stderr).toContain('error: interrupted; no frame was finished');
  expect(program.files()).toEqual([]);
});

test('the reference device, whose kernels block the thread, is ended by the signal itself', async () => {
  const env = { TOKENTRIM_ADAPTER: 'reference' };
  const started = performance.now();
  const child = program.run(['generate', 'a red circle', '--verbose', '--out', 'video.mp4'], {
    env,
    onStderr: (_, kill) => void setTimeout(() => kill('SIGTERM'), 500),
  });
  const { status } = await child;
  expect(status).toBeNull(); // a shell says 143
  expect((performance.now() - started) / 1000).toBeLessThan(15);
  expect(program.files()).not.toContain('video.mp4');
});

test('SIGINT where pictures are made after the rollout: those of the finished blocks that a second is enough for', async () => {
  const run = [...RUN, '--decode', 'after', '--save-latents', 'latents.safetensors'];
  const { status, stderr } = await program.run(run, { onStderr: afterSomeBlocks('SIGINT') });
  expect(status).toBe(130);
  const [, kept] = /^error: interrupted; (?:video\.mp4 holds the (\d+) frames|no frame)/m.exec(stderr) ?? [];
  const frames = Number(kept ?? 0);
  if (frames > 0) {
    expect((await readVideo(program.path('video.mp4'), { decode: true })).pictures).toHaveLength(frames);
  }
  const latents = await openTensorSource(program.path('latents.safetensors')); // of every finished block all the same
  const [, saved] = latents.info('latents').shape;
  expect(saved).toBeGreaterThanOrEqual(6);
  expect(frames).toBeLessThanOrEqual(1 + 4 * (saved - 1));
  await latents.close();
});

test('a second SIGINT ends the run at once, without half a recording', async () => {
  const { status, stderr } = await program.run(RECORDED, { onStderr: afterSomeBlocks('SIGINT', 'SIGINT') });
  expect(status).toBe(130);
  // It may be that the first signal was through by then: what it keeps is whole.
  const left = program.files();
  if (stderr.includes('interrupted;')) expect(left).toEqual(['latents.safetensors', 'noise.safetensors', 'video.mp4']);
  else expect(left.filter((file) => file !== 'video.partial.mp4')).toEqual([]);
});

test('a killed run leaves a video that plays, under its partial name, and does not block the next', async () => {
  const { status } = await program.run(RUN, { onStderr: afterSomeBlocks('SIGKILL') });
  expect(status).toBeNull();
  // Fragments are half a second long: of 21 frames or more, the first 8 are on the disk.
  const { pictures } = await readVideo(program.path('video.partial.mp4'), { decode: true });
  expect(pictures.length).toBeGreaterThanOrEqual(8);
  expect(program.files()).toEqual(['.video.mp4.lock', 'video.partial.mp4']);
  const again = await program.run([...RUN, '--frames', '9']);
  expect(again.stderr).not.toContain('error:');
  expect(program.files()).toEqual(['video.mp4']);
});

test('noise that ends in the middle of a run: the message says so, and what was written plays', async () => {
  // What --save-noise writes without TokenTrim at the size and seed at which generate.test.ts has it intervene in block 2.
  const torch = new TorchGenerator(12);
  const drawn = (...shape: number[]) => ({ dtype: 'F32' as const, shape, data: torch.randn(elementCount(shape)) });
  const names = ['noise', 'renoise.000', 'renoise.001', 'renoise.002'];
  const tensors = new Map(names.map((name, index) => [name, index === 0 ? drawn(1, 9, 16, 6, 6) : drawn(3, 16, 6, 6)]));
  await writeSafetensors(program.path('noise.safetensors'), tensors);

  const prompt = 'a red circle bounces left and right on a navy background';
  const run = ['generate', prompt, '--steps', '1000,500', '--noise', 'noise.safetensors', '--out', 'short.mp4'];
  const trimmed = ['--trim-warmup', '1', '--trim-sensitivity', '0'];
  const { status, stderr } = await program.run([...run, ...trimmed]);
  expect(status).toBe(1);
  expect(stderr).toMatch(/no noise left for that \(there is no renoise\.003\).*short\.mp4 holds the 21 frames/);
  expect((await readVideo(program.path('short.mp4'), { decode: true })).pictures).toHaveLength(21);
});

test('a reader that goes away before the result: a message and a status, and the video is whole', async () => {
  const tiny = ['generate', 'a red circle', '--frames', '9', '--width', '16', '--height', '16', '--json'];
  const { status, stderr } = await program.run(tiny, { closeStdout: true });
  expect(stderr).toContain('error: standard output could not be written (EPIPE)');
  expect(status).toBe(1);
  expect(existsSync(program.path('video.mp4'))).toBe(true);
  expect(readFileSync(program.path('video.mp4')).length).toBeGreaterThan(500);
  expect((await readVideo(program.path('video.mp4'))).timestamps).toHaveLength(9);
});

/** Has the program send itself a signal as soon as it listens to one, which is while it loads. */
const whileLoading = (signal: NodeJS.Signals) => {
  const send = `const poll = setInterval(() => {
    if (process.listenerCount('${signal}') === 0) return;
    clearInterval(poll);
    process.kill(process.pid, '${signal}');
  }, 1).unref();`;
  return { env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(send)}` } };
};

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)(
  '%s while the program is loading: one object says interrupted, and the status is its own',
  async (signal, expected) => {
    const { status, stdout } = await program.run([...RUN, '--json'], whileLoading(signal));
    expect(JSON.parse(stdout)).toMatchObject({ status: 'interrupted', frames: 0 });
    expect(status).toBe(expected);
    expect(program.files()).toEqual([]);
  },
);

test('a command that does not watch signals is ended by one that came while it was loading', async () => {
  const { status, stdout } = await program.run(['doctor'], whileLoading('SIGTERM'));
  expect(status).toBeNull(); // a shell says 143
  expect(stdout).toBe('');
});
