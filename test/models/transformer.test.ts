import { afterAll, describe, expect, test } from 'vitest';
import { blockCall, type CacheCall, KvCache } from '../../src/models/wan/kvCache.js';
import { embedTime, sinusoid } from '../../src/models/wan/timeEmbedding.js';
import { predictFlow, tokenGrid } from '../../src/models/wan/transformer.js';
import { disposeAll } from '../../src/tensor/scope.js';
import { plainFlow } from '../properties/plainDit.js';
import { expectAllClose, maxDifference } from '../support/allclose.js';
import { device, referenceDevice } from '../support/device.js';
import { TINY_CONFIG, TINY_FRAME_SIZE, TINY_LATENT, TINY_TOKENS, tinyModel } from '../support/tinyModel.js';
import { KERNEL_TOLERANCE, ROLLOUT_TOLERANCE } from '../support/tolerance.js';
import { normal } from '../support/twins.js';

const tiny = await tinyModel(device, 11);
afterAll(() => tiny.dispose());

const { height, width } = TINY_LATENT;
const { dim, in_dim: channels, num_layers: layers } = TINY_CONFIG;

/** Sees nothing but itself and leaves nothing behind. */
const alone: CacheCall = { past: () => undefined, store: () => undefined };

const upload = (values: Float32Array) =>
  device.upload(values, [values.length / TINY_FRAME_SIZE, channels, height, width]);

async function flowOf(
  values: Float32Array,
  timesteps: readonly number[],
  options: { startFrame?: number; cache?: KvCache } = {},
): Promise<Float32Array | Float64Array> {
  const { startFrame = 0, cache } = options;
  const flow = device.scope(() => {
    const call = cache ? blockCall(cache, startFrame, timesteps.length) : alone;
    return predictFlow(tiny.model, upload(values), timesteps, startFrame, tiny.context, call);
  });
  const result = await device.read(flow);
  flow.dispose();
  return result;
}

const createCache = (capacity: number) =>
  new KvCache(device, { layers, dim, tokensPerFrame: TINY_TOKENS, capacity, sink: 0 });

const frameOf = (values: ArrayLike<number>, frame: number) =>
  Array.from(values).slice(frame * TINY_FRAME_SIZE, (frame + 1) * TINY_FRAME_SIZE);

describe('one call', () => {
  const values = normal(1, 3 * TINY_FRAME_SIZE);
  const timesteps = [1000, 833.3333, 0]; // every frame has a noise level of its own

  test('is the plain model, on a grid that is odd and not square', async () => {
    const frames = timesteps.map((timestep, frame) => ({ latent: frameOf(values, frame), timestep, position: frame }));
    const sees = (_: number, keyFrame: number) => keyFrame;
    const expected = plainFlow(TINY_CONFIG, tiny.weights, tiny.prompt, frames, TINY_LATENT, sees).flat();
    expectAllClose(await flowOf(values, timesteps), expected, ROLLOUT_TOLERANCE, 'flow');
  });

  test('is the same in the twins', async () => {
    const twin = await tinyModel(referenceDevice, 11);
    const latents = referenceDevice.upload(values, [3, channels, height, width]);
    const flow = predictFlow(twin.model, latents, timesteps, 0, twin.context, alone);
    expectAllClose(await flowOf(values, timesteps), await referenceDevice.read(flow), ROLLOUT_TOLERANCE, 'flow');
  });

  test('gives the same bits again', async () => {
    expect(await flowOf(values, timesteps)).toEqual(await flowOf(values, timesteps));
  });

  test('frees all that it made', async () => {
    const { liveStorages } = device.memory;
    await flowOf(values, timesteps);
    expect(device.memory.liveStorages).toBe(liveStorages);
  });

  test('refuses latents with other channels, or timesteps for other frames', async () => {
    const call = (shape: number[], times: number[]) => () =>
      device.scope(() => predictFlow(tiny.model, device.zeros(shape), times, 0, tiny.context, alone));
    expect(call([1, 3, height, width], [0])).toThrow('latents: expected shape [1, 4, ?, ?], found [1, 3, 6, 10]');
    expect(call([2, 4, height, width], [0])).toThrow('latents: expected shape [1, 4, ?, ?], found [2, 4, 6, 10]');
  });
});

describe('the past', () => {
  const first = normal(2, 3 * TINY_FRAME_SIZE);
  const second = normal(3, 3 * TINY_FRAME_SIZE);
  const clean = [0, 0, 0];
  const noisy = [625, 625, 625];

  test('is seen, and ends where it is cached: a block never sees the next one', async () => {
    const cache = createCache(6);
    cache.reserve(0, 3);
    const before = await flowOf(first, noisy, { cache });
    await flowOf(first, clean, { cache });
    cache.reserve(3, 3);
    const withPast = await flowOf(second, noisy, { cache, startFrame: 3 });
    expect(maxDifference(withPast, await flowOf(second, noisy, { startFrame: 3 })).difference).toBeGreaterThan(0.1);
    // The first block again, now that the cache holds the second one too.
    expect(await flowOf(first, noisy, { cache })).toEqual(before);
    cache.dispose();
  });

  test('rows that were pruned have no influence: any garbage in them gives the same bits', async () => {
    const tokens = [0, 7, 14];
    const run = async (garbage: number) => {
      const cache = createCache(6);
      cache.reserve(0, 3);
      await flowOf(first, clean, { cache });
      const whole = cache.rows(() => true);
      cache.prune(tokens, 3);
      const kept = new Set(cache.rows(() => true));
      const gone = whole.filter((row) => !kept.has(row));
      expect(gone).toHaveLength(3 * tokens.length);
      device.scope(() => {
        const rows = device.upload(Uint32Array.from(gone), [gone.length]);
        const values = new Float32Array(gone.length * dim).fill(garbage);
        const filled = device.upload(values, [gone.length, dim]);
        for (let layer = 0; layer < layers; layer++) cache.write(layer, rows, filled, filled);
      });
      cache.reserve(3, 3);
      const flow = await flowOf(second, noisy, { cache, startFrame: 3 });
      cache.dispose();
      return flow;
    };
    const flow = await run(0);
    expect(await run(1e30)).toEqual(flow);
    expect(await run(Number.NaN)).toEqual(flow);
  });

  test('rows of evicted frames have none either', async () => {
    const run = async (start: Float32Array) => {
      const cache = createCache(3);
      cache.reserve(0, 3);
      await flowOf(start, clean, { cache });
      cache.reserve(3, 3);
      const flow = await flowOf(second, noisy, { cache, startFrame: 3 });
      cache.dispose();
      return flow;
    };
    expect(await run(first)).toEqual(await run(normal(4, 3 * TINY_FRAME_SIZE)));
  });

  test('may lie anywhere in an endless video: only distances count', async () => {
    const run = async (start: number) => {
      const cache = createCache(6);
      cache.reserve(start, 3);
      await flowOf(first, clean, { cache, startFrame: start });
      cache.reserve(start + 3, 3);
      const flow = await flowOf(second, noisy, { cache, startFrame: start + 3 });
      cache.dispose();
      return flow;
    };
    expectAllClose(await run(5000), await run(0), ROLLOUT_TOLERANCE, 'flow from frame 5000');
  });
});

describe('time', () => {
  test('cosines come first, then sines, with periods up to 10 000', () => {
    expect(sinusoid(0, 6)).toEqual([1, 1, 1, 0, 0, 0]);
    const angles = [937.5, 937.5 * 10_000 ** (-1 / 3), 937.5 * 10_000 ** (-2 / 3)];
    expectAllClose(sinusoid(937.5, 6), [...angles.map(Math.cos), ...angles.map(Math.sin)], 1e-12, 'sinusoid');
  });

  test('timesteps between integers count as they are', () => {
    const whole = sinusoid(833, 16);
    const third = sinusoid(833.3333129882812, 16);
    expect(maxDifference(whole, third).difference).toBeGreaterThan(0.1);
  });

  test('a frame is embedded by its own timestep alone', async () => {
    const embed = async (timesteps: number[]) => {
      const embedded = device.scope(() => embedTime(tiny.model, timesteps));
      expect(embedded.embedding.shape).toEqual([timesteps.length, 1, dim]);
      expect(embedded.projection.shape).toEqual([timesteps.length, 6, dim]);
      const [embedding, projection] = [await device.read(embedded.embedding), await device.read(embedded.projection)];
      disposeAll(embedded);
      return { embedding: Array.from(embedding), projection: Array.from(projection) };
    };
    const both = await embed([1000, 0]);
    const [early, late] = [await embed([1000]), await embed([0])];
    expectAllClose(both.embedding, [...early.embedding, ...late.embedding], KERNEL_TOLERANCE, 'embedding');
    expectAllClose(both.projection, [...early.projection, ...late.projection], KERNEL_TOLERANCE, 'projection');
    expect(maxDifference(early.embedding, late.embedding).difference).toBeGreaterThan(0.1);
  });
});

test('a latent that is 6 x 10 makes a grid of 3 x 5 tokens', () => {
  expect(tokenGrid(TINY_CONFIG, TINY_LATENT)).toEqual({ gridHeight: 3, gridWidth: 5, tokensPerFrame: 15 });
});
