import { describe, expect, test } from 'vitest';
import { flowGradient } from '../../src/models/wan/flowGradient.js';
import { blockCall, KvCache } from '../../src/models/wan/kvCache.js';
import { predictFlow } from '../../src/models/wan/transformer.js';
import { openDevice } from '../../src/node/openDevice.js';
import type { Device } from '../../src/tensor/device.js';
import { PlanningDevice } from '../../src/tensor/planningDevice.js';
import { device, referenceDevice } from '../support/device.js';
import { relativeDifference } from '../support/gradients.js';
import { TINY_CONFIG, TINY_FRAME_SIZE, TINY_LATENT, TINY_TOKENS, tinyModel } from '../support/tinyModel.js';
import { DIFFERENCES_TOLERANCE, GRADIENT_TOLERANCE, MEMORY_PLAN_TOLERANCE } from '../support/tolerance.js';
import { normal } from '../support/twins.js';

const FRAMES = 2;
const SHAPE = [FRAMES, TINY_CONFIG.in_dim, TINY_LATENT.height, TINY_LATENT.width];
const SIZE = FRAMES * TINY_FRAME_SIZE;
const TIMESTEPS = [900, 400];

/** A model, and a cache that holds two frames before those that are differentiated. */
async function opened(on: Device) {
  const tiny = await tinyModel(on);
  const { num_layers: layers, dim, num_heads: heads } = TINY_CONFIG;
  const cache = new KvCache(on, { layers, dim, heads, tokensPerFrame: TINY_TOKENS, capacity: 4, sink: 0 });
  cache.reserve(0, FRAMES);
  cache.reserve(FRAMES, FRAMES);
  const flowOf = (values: ArrayLike<number>, first: number) =>
    on.scope(() => {
      const latents = on.upload(Float64Array.from(values), SHAPE);
      return predictFlow(tiny.model, latents, TIMESTEPS, first, tiny.context, blockCall(cache, first, FRAMES));
    });
  flowOf(normal(7, SIZE), 0).dispose(); // fills the cache
  const gradient = async (values: ArrayLike<number>) => {
    const made = on.scope(() => {
      const latents = on.upload(Float64Array.from(values), SHAPE);
      const call = blockCall(cache, FRAMES, FRAMES);
      const cotangent = () => on.upload(normal(9, SIZE), SHAPE);
      return flowGradient(tiny.model, latents, TIMESTEPS, FRAMES, tiny.context, call, cotangent);
    });
    const flow = await on.read(made.value);
    const slopes = Float64Array.from(await on.read(made.gradient));
    made.value.dispose();
    made.gradient.dispose();
    return { flow, slopes };
  };
  const close = () => {
    cache.dispose();
    tiny.dispose();
  };
  return { cache, flowOf: (values: ArrayLike<number>) => flowOf(values, FRAMES), gradient, close };
}

describe('the gradient of the DiT with respect to its latents', () => {
  test('is what differences of the flow are, in float64', async () => {
    const { flowOf, gradient, close } = await opened(referenceDevice);
    const values = Float64Array.from(normal(3, SIZE));
    const { slopes } = await gradient(values);
    const weights = normal(9, SIZE);
    const along = normal(4, SIZE);
    const lossAt = (step: number) => {
      const flow = flowOf(values.map((value, index) => value + step * along[index]));
      const loss = flow.host.data.reduce((sum, each, index) => sum + each * weights[index], 0);
      flow.dispose();
      return loss;
    };
    const slope = (lossAt(1e-5) - lossAt(-1e-5)) / 2e-5;
    const told = slopes.reduce((sum, each, index) => sum + each * along[index], 0);
    expect(Math.abs(told / slope - 1)).toBeLessThan(DIFFERENCES_TOLERANCE);
    close();
  });

  test('comes with the flow and leaves the cache as the prediction alone does, to the bit', async () => {
    const { cache, flowOf, gradient, close } = await opened(device);
    const values = normal(3, SIZE);
    const before = device.memory.liveStorages;
    const flow = flowOf(values);
    const plain = await device.read(flow);
    flow.dispose();
    const keysOf = () => Promise.all(cache.layers.map(({ keys }) => device.read(keys)));
    const keys = await keysOf();
    const { flow: beside } = await gradient(values);
    expect(beside).toEqual(plain);
    expect(await keysOf()).toEqual(keys);
    expect(device.memory.liveStorages).toBe(before);
    close();
  });

  test('on the adapter is that of the twins', async () => {
    const [here, twins] = [await opened(device), await opened(referenceDevice)];
    const values = normal(3, SIZE);
    const difference = relativeDifference((await here.gradient(values)).slopes, (await twins.gradient(values)).slopes);
    expect(difference).toBeLessThan(GRADIENT_TOLERANCE);
    here.close();
    twins.close();
  });

  test.skipIf(device.kind !== 'gpu')('takes the memory that a device counts which only plans', async () => {
    const peakOn = async (on: Device) => {
      const { gradient, close } = await opened(on);
      await gradient(normal(3, SIZE));
      close();
      return on.memory.peakBytes;
    };
    const [fresh, planning] = [await openDevice(), new PlanningDevice(device)];
    expect(Math.abs((await peakOn(fresh)) / (await peakOn(planning)) - 1)).toBeLessThan(MEMORY_PLAN_TOLERANCE);
    fresh.close();
  });
});
