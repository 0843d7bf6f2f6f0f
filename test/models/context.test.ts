import { afterAll, expect, test } from 'vitest';
import { prepareContext } from '../../src/models/wan/crossAttention.js';
import { predictFlow } from '../../src/models/wan/transformer.js';
import { disposeAll } from '../../src/tensor/scope.js';
import { plainFlow } from '../properties/plainDit.js';
import { expectAllClose, maxDifference } from '../support/allclose.js';
import { device } from '../support/device.js';
import { TINY_CONFIG, TINY_FRAME_SIZE, TINY_LATENT, tinyModel } from '../support/tinyModel.js';
import { ROLLOUT_TOLERANCE } from '../support/tolerance.js';
import { normal } from '../support/twins.js';

const tiny = await tinyModel(device, 21);
afterAll(() => tiny.dispose());

const { text_len: rows, text_dim: textDim } = TINY_CONFIG;
const latents = normal(1, TINY_FRAME_SIZE);

/** The flow of one noisy frame under a prompt [text_len, text_dim]. */
async function flowUnder(prompt: Float32Array, model = tiny.model): Promise<Float32Array | Float64Array> {
  const { text_len, text_dim, in_dim } = model.config;
  const flow = device.scope(() => {
    const context = prepareContext(model, device.upload(prompt, [text_len, text_dim]));
    const x = device.upload(latents, [1, in_dim, TINY_LATENT.height, TINY_LATENT.width]);
    return predictFlow(model, x, [500], 0, context, { past: () => undefined, store: () => undefined });
  });
  const values = await device.read(flow);
  flow.dispose();
  return values;
}

test('a prompt becomes keys and values for every layer', () => {
  const { layers } = tiny.context;
  expect(layers).toHaveLength(TINY_CONFIG.num_layers);
  for (const { keys, values } of layers) {
    expect(keys.shape).toEqual([rows, TINY_CONFIG.dim]);
    expect(values.shape).toEqual([rows, TINY_CONFIG.dim]);
  }
});

test('another prompt gives another flow', async () => {
  const other = Float32Array.from(tiny.prompt, (value) => -value);
  expect(maxDifference(await flowUnder(other), await flowUnder(tiny.prompt)).difference).toBeGreaterThan(0.01);
});

test('the order of the rows does not matter: text has no positions', async () => {
  const swapped = tiny.prompt.slice();
  swapped.copyWithin(textDim, 0, textDim);
  swapped.set(tiny.prompt.subarray(textDim, 2 * textDim), 0);
  expect(swapped).not.toEqual(tiny.prompt);
  expectAllClose(await flowUnder(swapped), await flowUnder(tiny.prompt), ROLLOUT_TOLERANCE, 'flow');
});

test('padding rows are attended to like any other: more of them change the flow', async () => {
  const longer = await tinyModel(device, 21, { ...TINY_CONFIG, text_len: rows + 4 });
  const padded = new Float32Array((rows + 4) * textDim);
  padded.set(tiny.prompt);
  const flow = await flowUnder(padded, longer.model);
  expect(maxDifference(flow, await flowUnder(tiny.prompt)).difference).toBeGreaterThan(0.01);
  const frames = [{ latent: latents, timestep: 500, position: 0 }];
  const config = { ...TINY_CONFIG, text_len: rows + 4 };
  const expected = plainFlow(config, tiny.weights, padded, frames, TINY_LATENT, () => 0).flat();
  expectAllClose(flow, expected, ROLLOUT_TOLERANCE, 'flow');
  longer.dispose();
});

test('an embedding of another length or width is refused', () => {
  const prepare = (shape: number[]) => () => device.scope(() => prepareContext(tiny.model, device.zeros(shape)));
  expect(prepare([rows - 1, textDim])).toThrow('prompt embeddings: expected shape [5, 8], found [4, 8]');
  expect(prepare([rows, textDim + 1])).toThrow('prompt embeddings: expected shape [5, 8], found [5, 9]');
});

test('what is kept is the keys and values alone', () => {
  const prompt = device.upload(tiny.prompt, [rows, textDim]);
  const { liveStorages } = device.memory;
  const context = prepareContext(tiny.model, prompt);
  expect(device.memory.liveStorages).toBe(liveStorages + 2 * TINY_CONFIG.num_layers);
  disposeAll(context);
  prompt.dispose();
  expect(device.memory.liveStorages).toBe(liveStorages - 1);
});
