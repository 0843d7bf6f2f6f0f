// The DiT of Wan2.1-1.3B with random bf16 weights: one block, and the whole forward, by number of tokens. Beside it what
// the linear layers alone would take at the speed that they have in the block. With --gradient also the flow and its
// gradient with respect to the latents, and how many times as long they take.

import { transformerTensors } from '../../dist/models/wan/checkpoint/expectedTensors.js';
import { prepareContext } from '../../dist/models/wan/crossAttention.js';
import { flowGradient } from '../../dist/models/wan/flowGradient.js';
import { blockCall, KvCache } from '../../dist/models/wan/kvCache.js';
import { predictFlow } from '../../dist/models/wan/transformer.js';
import { loadTransformer } from '../../dist/models/wan/transformerWeights.js';
import { modelLike } from '../../dist/synthesize/models.js';
import { disposeAll } from '../../dist/tensor/scope.js';
import { isProcessor } from '../support/clock.mjs';
import { measure } from '../support/measure.mjs';
import { openBench, options } from '../support/open.mjs';
import { random, randomSource } from '../support/random.mjs';
import { Report } from '../support/report.mjs';

const { device, clock, ceilings, head } = await openBench();
const TOKENS = options.tokens ?? (isProcessor(device) ? '64,390' : '64,390,1560,4680,4680+28080');
const GRIDS = { 64: [8, 8], 192: [8, 8], 390: [15, 26], 1560: [30, 52], 4680: [30, 52] };
const { transformer: config } = await modelLike('wan2.1-1.3b');
const types = { weights: 'bf16', keys: 'f16' };
const report = new Report(
  `DiT of ${config.dim} x ${config.num_layers}, ${types.weights} weights, ${types.keys} keys`,
  ceilings,
);

for (const layers of [1, Number(options.layers ?? config.num_layers)]) {
  const cut = { ...config, num_layers: layers };
  const model = await loadTransformer(device, randomSource(transformerTensors(cut)), cut, types);
  const prompt = random(device, [cut.text_len, cut.text_dim]);
  const context = prepareContext(model, prompt);
  await device.synchronize();
  const works = {};
  const rows = {};
  const caches = [];
  for (const text of TOKENS.split(',')) {
    const [own, cached = 0] = text.split('+').map(Number);
    const call = callOf(model, own, cached, caches);
    const name = `${layers === 1 ? 'a model of one block' : `${layers} blocks`}, ${own} tokens, ${cached} cached`;
    works[name] = () =>
      void predictFlow(model, call.latents, call.timesteps, call.firstFrame, context, call.cacheCall());
    rows[name] = { operations: operationsOf(cut, own, cached) };
    if (!options.gradient) continue;
    const { latents, timesteps, firstFrame } = call;
    // Any tensor does for a cotangent: the flow itself is at hand.
    works[`${name}, gradient`] = () =>
      void flowGradient(model, latents, timesteps, firstFrame, context, call.cacheCall(), (flow) => flow);
    rows[`${name}, gradient`] = { beside: name };
  }
  const times = await measure(device, clock, works, { repeats: layers === 1 ? 5 : 3, maxSeconds: 240 });
  for (const [name, time] of Object.entries(times)) {
    const { beside, ...row } = rows[name];
    const note = beside && `${(time.seconds / times[beside].seconds).toFixed(2)} times the forward`;
    report.add({ name, ...row, ...time, note });
  }
  for (const cache of caches) cache.dispose();
  disposeAll([context, model.weights, prompt]);
  await device.synchronize();
}
report.send(head);
device.close();
process.exit();

/** A call of so many own and cached tokens, whose frames all have the grid of the own ones. */
function callOf(model, own, cached, caches) {
  const [gridHeight, gridWidth] = GRIDS[own] ?? [1, own];
  const tokensPerFrame = gridHeight * gridWidth;
  const frames = own / tokensPerFrame;
  const before = Math.ceil(cached / tokensPerFrame);
  const { dim, num_layers: layers, in_dim: channels, patch_size: patch } = model.config;
  const cache = new KvCache(device, {
    layers,
    dim,
    tokensPerFrame,
    capacity: before + frames,
    sink: 0,
    heads: model.config.num_heads,
    dtype: model.keyType,
  });
  caches.push(cache);
  for (let frame = 0; frame < before; frame++) cache.reserve(frame, 1);
  cache.reserve(before, frames);
  return {
    latents: random(device, [frames, channels, gridHeight * patch[1], gridWidth * patch[2]]),
    timesteps: Array(frames).fill(500),
    firstFrame: before,
    cacheCall: () => blockCall(cache, before, frames),
  };
}

/** Multiplications and additions of the matrix products of a forward call; all else is a few percent. */
function operationsOf(
  { dim, ffn_dim: ffn, num_layers: layers, text_len: text, in_dim: channels, patch_size: patch },
  own,
  cached,
) {
  const perToken = 2 * (6 * dim * dim + 2 * dim * ffn); // self: q k v o; cross: q o; feed-forward
  const attentions = 4 * dim * (own + cached + text);
  const ends = 2 * 2 * dim * channels * patch[1] * patch[2];
  return own * (layers * (perToken + attentions) + ends);
}
