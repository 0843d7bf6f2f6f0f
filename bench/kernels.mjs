// Speed of linear, attention and the convolutions on this machine's adapter, form by form, at the shapes of Wan2.1-1.3B.
// Usage, after `npm run build`: node bench/kernels.mjs [<part of a name> ...]
// TOKENTRIM_ADAPTER chooses the adapter. On lavapipe the time is that which its one worker thread (LP_NUM_THREADS=1) was on
// a processor, which other programs hardly change: GFLOP/s per core. On other adapters it is wall-clock time. The first
// run compiles; MESA_SHADER_CACHE_DISABLE=true shows what that costs where Mesa would remember.
import { readdirSync, readFileSync } from 'node:fs';

process.env.LP_NUM_THREADS ??= '1';
const { openDevice } = await import('../dist/tensor/openDevice.js');
const { attention } = await import('../dist/kernels/attention.js');
const { causalConv3d } = await import('../dist/kernels/causalConv3d.js');
const { conv2d } = await import('../dist/kernels/conv2d.js');
const { linear } = await import('../dist/kernels/linear.js');
const { subgroupSize } = await import('../dist/kernels/variant.js');

const REPEATS = 5; // the best of them counts
const MAX_SECONDS = 4; // after which a case is not repeated

const device = await openDevice();
const onProcessor = device.name.startsWith('llvmpipe');
console.log(`${device.name}, ${onProcessor ? 'time of the worker thread' : 'wall-clock time'}`);

/** Numbers of about 1 in a type; for bf16 the upper halves of float32, which is not rounded but good enough here. */
function random(shape, type = 'f32') {
  const count = shape.reduce((product, size) => product * size, 1);
  const values = Float32Array.from({ length: count }, () => Math.random() - 0.5);
  if (type === 'f32') return device.upload(values, shape);
  const bits = new Uint32Array(values.buffer);
  const bf16 = Uint16Array.from(bits, (word) => word >>> 16);
  // Halves between 1 and 2: every pattern of the mantissa, no denormals.
  return device.upload(type === 'bf16' ? bf16 : bf16.map((word) => 0x3c00 | (word & 0x3ff)), shape, type);
}

const linearCase = (rows, inFeatures, outFeatures, type) => ({
  name: `linear [${rows}, ${inFeatures}] · [${outFeatures}, ${inFeatures}] ${type}`,
  operations: 2 * rows * inFeatures * outFeatures,
  inputs: () => [random([rows, inFeatures]), random([outFeatures, inFeatures], type), random([outFeatures])],
  run: ([x, weight, bias], variant) => linear(x, weight, bias, variant),
});

const attentionCase = (queries, cached, own, heads, headDim, type) => ({
  name: `attention ${queries} queries, ${cached} keys cached (${type}) + ${own} own, ${heads} x ${headDim}`,
  operations: 4 * queries * (cached + own) * heads * headDim,
  inputs: () => {
    const pair = (rows, of) => [random([rows, heads * headDim], of), random([rows, heads * headDim], of)];
    const rows = cached && device.upload(Uint32Array.from({ length: cached }, (_, row) => row), [cached]); // biome-ignore format: one line
    return [random([queries, heads * headDim]), cached ? pair(cached, type) : [], rows, own ? pair(own) : []];
  },
  run: ([query, [keys, values], rows, [ownKeys, ownValues]], variant) => {
    const context = { cached: keys && { keys, values, rows }, own: ownKeys && { keys: ownKeys, values: ownValues } };
    return attention(query, context, heads, { variant });
  },
});

const conv3dCase = (frames, height, width, inChannels, outChannels, type, inputType = 'f32') => ({
  name: `causalConv3d ${frames}x${height}x${width}, ${inChannels} -> ${outChannels} ${type}, input ${inputType}`,
  operations: 2 * 27 * frames * height * width * inChannels * outChannels,
  inputs: () => {
    const picture = (count) => random([count, height, width, inChannels], inputType);
    return [
      picture(frames),
      [picture(1), picture(1)],
      random([outChannels, 3, 3, 3, inChannels], type),
      random([outChannels]),
    ];
  },
  run: ([x, history, weight, bias], variant) => causalConv3d(x, history, weight, bias, variant),
});

const conv2dCase = (height, width, inChannels, outChannels, options, type, inputType = 'f32') => ({
  name: `conv2d ${height}x${width} ${JSON.stringify(options)}, ${inChannels} -> ${outChannels} ${type}, input ${inputType}`,
  operations:
    (2 * 9 * height * width * inChannels * outChannels * (options.scale ?? 1) ** 2) / (options.stride ?? 1) ** 2,
  inputs: () => [
    random([1, height, width, inChannels], inputType),
    random([outChannels, 3, 3, inChannels], type),
    random([outChannels]),
  ],
  run: ([x, weight, bias], variant) => conv2d(x, weight, bias, { ...options, variant }),
});

const CASES = [
  linearCase(256, 1536, 1536, 'f32'),
  linearCase(256, 1536, 1536, 'bf16'),
  linearCase(256, 1536, 1536, 'f16'),
  linearCase(192, 1536, 8960, 'bf16'),
  linearCase(192, 8960, 1536, 'bf16'),
  linearCase(20, 4096, 10240, 'bf16'),
  linearCase(3, 1536, 9216, 'bf16'),
  attentionCase(768, 0, 768, 12, 128, 'f32'),
  attentionCase(192, 1344, 192, 12, 128, 'f32'),
  attentionCase(192, 1344, 192, 12, 128, 'bf16'),
  attentionCase(192, 1344, 192, 12, 128, 'f16'),
  attentionCase(192, 0, 512, 12, 128, 'f32'),
  attentionCase(256, 0, 256, 1, 384, 'f32'),
  conv3dCase(2, 30, 52, 96, 96, 'f32'),
  conv3dCase(2, 30, 52, 96, 96, 'bf16'),
  conv3dCase(2, 30, 52, 96, 96, 'bf16', 'f16'),
  conv3dCase(1, 16, 16, 384, 384, 'bf16', 'f16'),
  conv3dCase(4, 128, 128, 96, 3, 'bf16', 'f16'),
  conv2dCase(64, 64, 192, 96, { scale: 2 }, 'bf16', 'f16'),
  conv2dCase(128, 128, 96, 96, { stride: 2 }, 'bf16', 'f16'),
];

const wanted = process.argv.slice(2);
const forms = ['plain', 'tiled', ...(subgroupSize(device) > 0 ? ['subgroup'] : [])];
for (const { name, operations, inputs, run } of CASES) {
  if (wanted.length > 0 && !wanted.some((part) => name.includes(part))) continue;
  const made = inputs();
  for (const form of forms) {
    const [first, best] = await measure(() => device.scope(() => void run(made, form))).catch(() => []);
    if (!best) continue; // a shape that this form does not handle
    const speed = `${(operations / best / 1e9).toFixed(1)} GFLOP/s`;
    const times = `${(best * 1e3).toFixed(1)} ms, first ${(first * 1e3).toFixed(0)} ms`;
    console.log(`${name.padEnd(76)} ${form.padEnd(8)} ${speed.padStart(14)}  ${times}`);
  }
  for (const tensor of made.flat(2)) if (tensor) tensor.dispose();
  await device.synchronize();
}
device.close();
process.exit();

/** Seconds of processor time of the first run, compilation included, and of the best one after it. */
async function measure(launch) {
  const seconds = [];
  while (seconds.length <= REPEATS && (seconds.length < 2 || seconds[0] + seconds[1] * seconds.length < MAX_SECONDS)) {
    const start = now(seconds.length === 0);
    launch();
    await device.synchronize();
    seconds.push(now(seconds.length === 0) - start);
  }
  return [seconds[0], Math.min(...seconds.slice(1))];
}

/** Seconds of every thread but JavaScript's, or of the whole process (which compiles on any thread), or of the clock. */
function now(wholeProcess) {
  if (!onProcessor) return performance.now() / 1e3;
  const threads = readdirSync('/proc/self/task').filter((id) => wholeProcess || Number(id) !== process.pid);
  const nanoseconds = threads.map((id) =>
    Number(readFileSync(`/proc/self/task/${id}/schedstat`, 'utf8').split(' ')[0]),
  );
  return nanoseconds.reduce((sum, value) => sum + value, 0) / 1e9;
}
