import { describe, expect, test } from 'vitest';
import { prepareContext } from '../../src/models/wan/crossAttention.js';
import { blockCall, KvCache } from '../../src/models/wan/kvCache.js';
import { predictFlow } from '../../src/models/wan/transformer.js';
import { loadTransformer } from '../../src/models/wan/transformerWeights.js';
import { loadVaeDecoder } from '../../src/models/wan/vae/decoderWeights.js';
import { createVaeStream } from '../../src/models/wan/vae/decodeStream.js';
import { type DeviceFeatures, NO_FEATURES } from '../../src/tensor/device.js';
import { FormTable } from '../../src/tensor/formTable.js';
import { PlanningDevice } from '../../src/tensor/planningDevice.js';
import { emptyModel } from '../support/emptyModel.js';

const CARD = { ...NO_FEATURES, subgroups: true, minSubgroupSize: 32, maxSubgroupSize: 32 };
const CARDS: Record<string, DeviceFeatures> = {
  'without subgroups': NO_FEATURES,
  'with tiles': CARD,
  'with 16 lanes': { ...CARD, minSubgroupSize: 16, maxSubgroupSize: 16 },
};

/** One call of Self Forcing at 832x480 with 18 frames in the cache, and a latent frame decoded, on a card of so many operations a second. */
async function planned(features: DeviceFeatures, operationsASecond: number) {
  const like = { name: 'a card', features, forms: new FormTable(), maxTensorBytes: 2 ** 32, maxBindingBytes: 2 ** 31 };
  const device = new PlanningDevice(like, operationsASecond);
  const { config, ...sources } = await emptyModel();
  const { transformer, vae } = config;
  const [frames, height, width, cached] = [3, 60, 104, 18];
  const tokensPerFrame = (height / transformer.patch_size[1]) * (width / transformer.patch_size[2]);
  const model = await loadTransformer(device, sources.transformer, transformer, {
    weights: 'f16',
    keys: 'f16',
  });
  const context = prepareContext(model, device.zeros([transformer.text_len, transformer.text_dim]));
  const { num_layers: layers, dim, in_dim: channels } = transformer;
  const capacity = cached + frames;
  const cache = new KvCache(device, { layers, dim, tokensPerFrame, capacity, sink: 0, dtype: 'f16' });
  for (let frame = 0; frame < cached; frame++) cache.reserve(frame, 1);
  cache.reserve(cached, frames);
  const latents = device.zeros([frames, channels, height, width]);
  predictFlow(model, latents, Array(frames).fill(500), cached, context, blockCall(cache, cached, frames));
  await device.synchronize();

  const decoder = await loadVaeDecoder(device, sources.vae, vae, 'f16');
  const stream = createVaeStream(decoder);
  for (let frame = 0; frame < 2; frame++) {
    for (const picture of stream.decode(device.zeros([1, channels, height, width]))) picture.dispose();
  }
  await device.synchronize();
  return { operations: device.operations, ...device.largestWork };
}

describe.each(Object.entries(CARDS))('at 832x480, window 21, on a slow card %s', (_, features) => {
  test('no dispatch is longer than 0.2 s, no submission longer than 0.25 s', async () => {
    const speed = 3e11;
    const { operations, dispatch, submission } = await planned(features, speed);
    expect(operations).toBeGreaterThan(40e12);
    expect(dispatch.operations / speed).toBeLessThanOrEqual(0.2);
    expect(submission.operations / speed).toBeLessThanOrEqual(0.25);
    expect(dispatch.operations / speed).toBeGreaterThan(0.05); // and they are not crumbs
  });

  test('which they would be, uncut', async () => {
    const { dispatch, submission } = await planned(features, 1e18);
    expect(dispatch.operations).toBeGreaterThan(0.9e12);
    expect(submission.operations).toBeGreaterThan(30e12);
  });
});
