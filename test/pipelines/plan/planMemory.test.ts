import { afterAll, beforeAll, expect, test } from 'vitest';
import { type GenerateRequest, generate, planMemory } from '../../../src/node/generate.js';
import { type ModelFolder, openModelFolder } from '../../../src/node/model/modelFolder.js';
import { toyWorld } from '../../../src/node/model/toyWorld.js';
import { openDevice } from '../../../src/node/openDevice.js';
import { device, referenceDevice } from '../../support/device.js';
import { MEMORY_PLAN_TOLERANCE } from '../../support/tolerance.js';

let folder: ModelFolder;
beforeAll(async () => {
  folder = await openModelFolder(toyWorld);
});
afterAll(() => folder.close());

/** Five blocks: more than the three that a plan of one step follows, and more than the window of four. */
const SMALL = { prompt: 'a red circle', width: 16, height: 16, frames: 57, steps: [1000], promptCache: false } as const;
const blank = async function* () {
  yield new Float32Array(16 * 16 * 3);
};
const IMAGE = { given: { kind: 'image', available: 1 }, pictures: blank } as const;
const RUNS: [string, GenerateRequest][] = [
  ['self-forcing', { ...SMALL, decode: 'during' }],
  ['self-forcing, decoded after', { ...SMALL, decode: 'after' }],
  ['self-forcing in 16 bits, from a picture', { ...SMALL, ...IMAGE, dtype: 'bf16', decode: 'during' }],
  ['self-forcing with a cache in 16 bits', { ...SMALL, kvDtype: 'bf16', decode: 'during' }],
  ['self-forcing with a cache in 8 bits', { ...SMALL, kvDtype: 'i8', decode: 'during' }],
  ['rolling-forcing of two steps', { ...SMALL, preset: 'rolling-forcing', steps: [1000, 500], decode: 'during' }],
  ['rolling-forcing in 8 bits, decoded after', { ...SMALL, preset: 'rolling-forcing', kvDtype: 'i8', decode: 'after' }],
  [
    'self-forcing, looked into',
    { ...SMALL, decode: 'during', watch: { attention: [{ tokens: [0] }], taps: [{ name: 'block0.ffn' }] } },
  ],
  ['wan', { ...SMALL, preset: 'wan', steps: [2] }],
];

test.each(RUNS)('%s: the plan of a run is what it takes', async (_, request) => {
  const fresh = await openDevice();
  const planned = await planMemory(fresh, folder, request);
  expect(fresh.memory.peakBytes).toBe(0); // planning allocates nothing
  for await (const event of generate(fresh, folder, { ...request, decode: planned.decode })) void event;
  const taken = fresh.memory.peakBytes;
  fresh.close();
  expect(Math.abs(planned.peakBytes / taken - 1)).toBeLessThan(MEMORY_PLAN_TOLERANCE);
  const stages = planned.stages.map(({ stage }) => stage);
  expect(stages).toContain('rollout');
  expect(stages.includes('given')).toBe(request.given !== undefined);
  expect(stages.includes('decode')).toBe(planned.decode === 'after');
});

test('the work of a run is known before it begins, and grows with its blocks', async () => {
  const work = async (change: Partial<GenerateRequest>) =>
    (await planMemory(device, folder, { ...SMALL, window: 4, ...change })).operations;
  const [short, long, longer] = [await work({ frames: 57 }), await work({ frames: 105 }), await work({ frames: 153 })];
  expect(longer - long).toBeGreaterThan(0);
  expect((long - short) / (longer - long)).toBeCloseTo(1, 5); // four blocks more
  const [steps, more] = [await work({ steps: [1000] }), await work({ steps: [1000, 500] })];
  expect(more).toBeGreaterThan(steps);
  for (const frames of [57, 153]) {
    const [during, after] = [await work({ frames, decode: 'during' }), await work({ frames, decode: 'after' })];
    expect(after / during).toBeGreaterThan(0.99);
    expect(after / during).toBeLessThan(1 + 1.5 / (frames / 4)); // the decoder is a latent frame ahead where a plan stops
  }
});

test('pictures are made after the rollout where both do not fit', async () => {
  const during = await planMemory(device, folder, { ...SMALL, decode: 'during' });
  const after = await planMemory(device, folder, { ...SMALL, decode: 'after' });
  expect(after.peakBytes).toBeLessThan(during.peakBytes);
  expect((await planMemory(device, folder, SMALL, during.peakBytes)).decode).toBe('during');
  expect((await planMemory(device, folder, SMALL, during.peakBytes - 1)).decode).toBe('after');
});

/** The options that a refusal names, as a request, and what it says that they take. */
async function advised(request: GenerateRequest, limitBytes: number) {
  const error = await planMemory(device, folder, request, limitBytes).catch(({ message }: Error) => message);
  const [, advice] =
    /^this run needs [\d.]+ MB of memory on .* and may take [\d.]+ [kM]B: (?:use )?(.*)$/.exec(`${error}`) ?? [];
  return advice;
}

test('a refusal names what would fit, and it does', async () => {
  const long = { ...SMALL, width: 32, height: 32, frames: 477, window: 99 };
  const wide = await planMemory(device, folder, { ...long, decode: 'after' });
  const narrow = await planMemory(device, folder, { ...long, decode: 'after', window: 24 });
  const limit = (wide.peakBytes + narrow.peakBytes) / 2;
  const [, window, width] =
    /^`window` (\d+) .*, or `width` (\d+) `height` \2 \(/.exec(await advised(long, limit)) ?? [];
  await planMemory(device, folder, { ...long, window: Number(window) }, limit);
  await planMemory(device, folder, { ...long, width: Number(width), height: Number(width) }, limit);

  const eight = await planMemory(device, folder, { ...long, decode: 'after', kvDtype: 'i8' });
  expect(await advised(long, eight.peakBytes)).toContain('`kvDtype` i8 (');

  const wan = { ...SMALL, width: 32, height: 32, preset: 'wan', steps: [2], frames: 81 } as const;
  const whole = await planMemory(device, folder, wan);
  const [, frames] = /^`frames` (\d+) /.exec(await advised(wan, whole.peakBytes - 1)) ?? [];
  await planMemory(device, folder, { ...wan, frames: Number(frames) }, whole.peakBytes - 1);

  const f32 = await planMemory(device, folder, { ...SMALL, dtype: 'f32' });
  expect(await advised({ ...SMALL, dtype: 'f32' }, f32.peakBytes / 2)).toMatch(/^`dtype` bf16 \(/);
  expect(await advised({ ...SMALL, width: 48, decode: 'during' }, f32.peakBytes / 100)).toMatch(
    /^the least that this model can do with is [\d.]+ MB, with `decode` after `window` 3 `width` 16 `height` 16 `kvDtype` i8$/,
  );
});

test('what no machine has is refused before it is counted', async () => {
  const picture = { ...IMAGE, pictures: undefined };
  for (const [on, side, needed] of [
    [device, 1_000_000, '96000.0 GB'],
    [referenceDevice, 1_000_000, '192000.0 GB'],
    [referenceDevice, 100_000, '1920.0 GB'],
  ] as const) {
    const huge = { ...SMALL, width: side, height: side };
    for (const request of [huge, { ...huge, ...picture }, { ...huge, preset: 'wan', steps: [2] } as const]) {
      const start = performance.now();
      await expect(planMemory(on, folder, request, 1e12)).rejects.toThrow(`needs more than ${needed} of memory`);
      expect(performance.now() - start).toBeLessThan(1000);
    }
  }
});
