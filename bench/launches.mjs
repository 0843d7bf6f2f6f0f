// What one call of the DiT of Wan2.1-1.3B is made of, on a card without matrices: launches by kernel, copies of buffers and
// memory, counted without an adapter. With --gradient the call gives the flow's gradient with respect to the latents too.
// Usage: npm run build && node bench/launches.mjs [--size 832x480] [--frames 3] [--cached 18] [--keys f16] [--gradient]
import { parseArgs } from 'node:util';
import { transformerTensors } from '../dist/models/wan/checkpoint/expectedTensors.js';
import { prepareContext } from '../dist/models/wan/crossAttention.js';
import { flowGradient } from '../dist/models/wan/flowGradient.js';
import { blockCall, KvCache } from '../dist/models/wan/kvCache.js';
import { predictFlow, tokenGrid } from '../dist/models/wan/transformer.js';
import { loadTransformer } from '../dist/models/wan/transformerWeights.js';
import { modelLike } from '../dist/synthesize/models.js';
import { NO_FEATURES } from '../dist/tensor/device.js';
import { FormTable } from '../dist/tensor/formTable.js';
import { PlanningDevice } from '../dist/tensor/planningDevice.js';
import { randomSource } from './support/random.mjs';

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '832x480' },
    frames: { type: 'string', default: '3' },
    cached: { type: 'string', default: '18' },
    keys: { type: 'string', default: 'f16' },
    gradient: { type: 'boolean', default: false },
  },
});
const [width, height] = values.size.split('x').map((pixels) => Number(pixels) / 8);
const [frames, cached] = [values.frames, values.cached].map(Number);

const device = new PlanningDevice({
  name: 'a card',
  features: NO_FEATURES,
  forms: new FormTable(),
  maxTensorBytes: 2 ** 31,
  maxBindingBytes: 2 ** 31,
});
const { transformer: config } = await modelLike('wan2.1-1.3b');
const types = { weights: 'bf16', keys: values.keys };
const model = await loadTransformer(device, randomSource(transformerTensors(config)), config, types);
const context = prepareContext(model, device.zeros([config.text_len, config.text_dim]));
const cache = new KvCache(device, {
  layers: config.num_layers,
  dim: config.dim,
  heads: config.num_heads,
  tokensPerFrame: tokenGrid(config, { height, width }).tokensPerFrame,
  capacity: cached + frames,
  sink: 0,
  dtype: values.keys,
});
cache.reserve(0, cached);
cache.reserve(cached, frames);
const latents = device.zeros([frames, config.in_dim, height, width]);
await device.synchronize();

const launches = new Map();
let copies = 0;
const { launch, updateRows } = device;
device.launch = (call) => {
  launches.set(call.kernel, (launches.get(call.kernel) ?? 0) + 1);
  return launch.call(device, call);
};
device.updateRows = (...rows) => {
  copies++;
  return updateRows.apply(device, rows);
};
const before = device.memory.bytes;
device.takePeak();
const timesteps = Array(frames).fill(500);
const call = [model, latents, timesteps, cached, context, blockCall(cache, cached, frames)];
if (values.gradient) flowGradient(...call, (flow) => flow);
else predictFlow(...call);

const gigabytes = (bytes) => `${(bytes / 1e9).toFixed(2)} GB`;
const total = [...launches.values()].reduce((sum, count) => sum + count, 0);
console.log(`${values.size}, ${frames} frames, ${cached} cached: ${total} launches, ${copies} copies`);
console.log(`${gigabytes(before)} before the call, at most ${gigabytes(device.takePeak() - before)} more in it`);
for (const [kernel, count] of [...launches].sort((a, b) => b[1] - a[1])) {
  console.log(`${String(count).padStart(5)} ${kernel}`);
}
