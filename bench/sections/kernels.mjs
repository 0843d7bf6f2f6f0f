// Every form of every kernel that takes time, at the shapes of Wan2.1-1.3B, class by class.
import { attention } from '../../dist/kernels/attention/attention.js';
import { attentionGradient } from '../../dist/kernels/attention/attentionGradient.js';
import { causalConv3d } from '../../dist/kernels/convolution/causalConv3d.js';
import { conv2d } from '../../dist/kernels/convolution/conv2d.js';
import { add, gelu } from '../../dist/kernels/elementwise/elementwise.js';
import { linear } from '../../dist/kernels/linear/linear.js';
import { channelNorm } from '../../dist/kernels/norms/channelNorm.js';
import { modulatedLayerNorm } from '../../dist/kernels/norms/layerNorm.js';
import { rmsNorm } from '../../dist/kernels/norms/rmsNorm.js';
import { rmsNormRope } from '../../dist/kernels/norms/rmsNormRope.js';
import { callType } from '../../dist/kernels/rows/keyType.js';
import { updateQuantizedRows } from '../../dist/kernels/rows/quantizedRows.js';
import { quantizedWords } from '../../dist/kernels/rows/quantizedWords.js';
import { measure } from '../support/measure.mjs';
import { isAsked, openBench } from '../support/open.mjs';
import { random } from '../support/random.mjs';
import { Report } from '../support/report.mjs';

const { device, clock, ceilings, head } = await openBench();
const FORMS = ['plain', 'subgroup', 'tiled', 'matrix', 'half'];
const WIDTH = { f32: 4, bf16: 2, f16: 2, i8: 1 };
const tensor = (shape, type) => random(device, shape, type);
const count = (...sizes) => sizes.reduce((product, size) => product * size, 1);

const linearCase = (rows, inFeatures, outFeatures, type) => ({
  name: `linear [${rows}, ${inFeatures}] · [${outFeatures}, ${inFeatures}] ${type}`,
  operations: 2 * rows * inFeatures * outFeatures,
  bytes: 4 * rows * (inFeatures + outFeatures) + WIDTH[type] * inFeatures * outFeatures,
  inputs: () => [tensor([rows, inFeatures]), tensor([outFeatures, inFeatures], type), tensor([outFeatures])],
  run: ([x, weight, bias]) => linear(x, weight, bias),
});

const attentionCase = (queries, cached, own, heads, headDim, type) => ({
  name: `attention ${queries} queries, ${cached} cached + ${own} own keys ${type}, ${heads} x ${headDim}`,
  operations: 4 * queries * (cached + own) * heads * headDim,
  bytes: heads * headDim * (8 * queries + 2 * (WIDTH[type] * cached + WIDTH[callType(type)] * own)),
  inputs: () => {
    const width = heads * headDim;
    const rows = cached
      ? device.upload(
          Uint32Array.from({ length: cached }, (_, row) => row),
          [cached],
        )
      : undefined;
    const kept = () => {
      if (type !== 'i8') return tensor([cached, width], type);
      const table = device.zeros([cached, quantizedWords(width, heads)], 'u32');
      updateQuantizedRows(table, rows, tensor([cached, width]), heads);
      return table;
    };
    const made = () => tensor([own, width], callType(type));
    return [tensor([queries, width]), cached ? [kept(), kept()] : [], rows, own ? [made(), made()] : []];
  },
  run: ([query, [keys, values], rows, [ownKeys, ownValues]]) =>
    attention(
      query,
      { cached: keys && { keys, values, rows }, own: ownKeys && { keys: ownKeys, values: ownValues } },
      heads,
    ),
});

/** The backward pass of the same: five products in the place of two. */
const attentionGradientCase = (queries, cached, own, heads, headDim, type) => {
  const forward = attentionCase(queries, cached, own, heads, headDim, type);
  return {
    name: forward.name.replace('attention', 'attention gradient'),
    operations: (forward.operations * (3 * cached + 5 * own)) / (2 * (cached + own)),
    inputs: () => [...forward.inputs(), tensor([queries, heads * headDim])],
    run: ([query, [keys, values], rows, [ownKeys, ownValues], cotangent]) =>
      attentionGradient(
        query,
        { cached: keys && { keys, values, rows }, own: { keys: ownKeys, values: ownValues } },
        heads,
        cotangent,
      ).query,
  };
};

const conv3dCase = (frames, height, width, inChannels, outChannels, type, inputType = 'f32') => ({
  name: `causalConv3d ${frames}x${height}x${width}, ${inChannels} -> ${outChannels} ${type}, input ${inputType}`,
  operations: 2 * 27 * count(frames, height, width, inChannels, outChannels),
  bytes:
    count(height, width) * (WIDTH[inputType] * (frames + 2) * inChannels + 4 * frames * outChannels) +
    WIDTH[type] * 27 * inChannels * outChannels,
  inputs: () => {
    const picture = (frames) => tensor([frames, height, width, inChannels], inputType);
    return [
      picture(frames),
      [picture(1), picture(1)],
      tensor([outChannels, 3, 3, 3, inChannels], type),
      tensor([outChannels]),
    ];
  },
  run: ([x, history, weight, bias]) => causalConv3d(x, history, weight, bias),
});

const conv2dCase = (height, width, inChannels, outChannels, options, type, inputType = 'f32') => ({
  name: `conv2d ${height}x${width} ${JSON.stringify(options)}, ${inChannels} -> ${outChannels} ${type}, input ${inputType}`,
  operations:
    (2 * 9 * count(height, width, inChannels, outChannels) * (options.scale ?? 1) ** 2) / (options.stride ?? 1) ** 2,
  inputs: () => [
    tensor([1, height, width, inChannels], inputType),
    tensor([outChannels, 3, 3, inChannels], type),
    tensor([outChannels]),
  ],
  run: ([x, weight, bias]) => conv2d(x, weight, bias, options),
});

const rowsCase = (name, rows, width, make) => ({
  name: `${name} ${rows} x ${width}`,
  bytes: 8 * rows * width,
  inputs: () => [tensor([rows, width]), tensor([1, 6, width]), tensor([width])],
  run: make,
});

const CASES = [
  linearCase(256, 1536, 1536, 'f32'),
  linearCase(256, 1536, 1536, 'bf16'),
  linearCase(256, 1536, 1536, 'f16'),
  linearCase(1024, 1536, 1536, 'f32'),
  linearCase(256, 1536, 8960, 'f32'),
  linearCase(390, 1536, 8960, 'bf16'),
  linearCase(390, 8960, 1536, 'bf16'),
  linearCase(64, 1536, 1536, 'bf16'),
  linearCase(20, 4096, 10240, 'bf16'),
  linearCase(3, 1536, 9216, 'bf16'),
  attentionCase(768, 0, 768, 12, 128, 'f32'),
  attentionCase(768, 0, 768, 12, 128, 'f16'),
  attentionCase(390, 0, 512, 12, 128, 'f16'),
  attentionCase(390, 0, 390, 12, 128, 'f16'),
  attentionCase(192, 1344, 192, 12, 128, 'f16'),
  attentionCase(192, 1344, 192, 12, 128, 'i8'),
  attentionCase(192, 672, 192, 12, 128, 'f16'),
  attentionCase(256, 0, 256, 1, 384, 'f32'),
  attentionGradientCase(390, 0, 390, 12, 128, 'f16'),
  attentionGradientCase(768, 0, 768, 12, 128, 'f32'),
  attentionGradientCase(192, 1344, 192, 12, 128, 'f16'),
  conv3dCase(2, 30, 52, 96, 96, 'f32'),
  conv3dCase(2, 30, 52, 96, 96, 'bf16'),
  conv3dCase(2, 30, 52, 96, 96, 'f16', 'f16'),
  conv3dCase(1, 16, 16, 384, 384, 'f16', 'f16'),
  conv3dCase(4, 128, 128, 96, 3, 'f16', 'f16'),
  conv2dCase(64, 64, 192, 96, { scale: 2 }, 'f16', 'f16'),
  conv2dCase(128, 128, 96, 96, { stride: 2 }, 'f16', 'f16'),
  rowsCase('layer norm with modulation', 1560, 1536, ([x, table]) =>
    modulatedLayerNorm(x, table, { shift: 0, scale: 1 }, 1e-6),
  ),
  rowsCase('rms norm', 1560, 1536, ([x, , gain]) => rmsNorm(x, gain, 1e-6)),
  {
    name: 'rms norm and rotation 1560 x 1536, to f16',
    bytes: 6 * 1560 * 1536,
    inputs: () => [tensor([1560, 1536]), tensor([1536]), tensor([22 + (30 + 52) * 21, 2])],
    run: ([x, gain, entries]) => {
      const table = {
        entries,
        frames: 1,
        gridHeight: 30,
        gridWidth: 52,
        pairs: { temporal: 22, height: 21, width: 21 },
      };
      return rmsNormRope(x, gain, 1e-6, table, 12, { dtype: 'f16' });
    },
  },
  rowsCase('gelu', 390, 8960, ([x]) => gelu(x)),
  rowsCase('add', 390, 1536, ([x]) => add(x, x)),
  {
    name: 'channel norm with silu 4 x 128 x 128, 96 channels',
    bytes: 8 * 4 * 128 * 128 * 96,
    inputs: () => [tensor([4, 128, 128, 96]), tensor([96])],
    run: ([x, gain]) => channelNorm(x, gain, { silu: true }),
  },
];

const report = new Report('kernels, each form that fits', ceilings);
for (const { name, operations, bytes, inputs, run } of CASES) {
  if (!isAsked(name)) continue;
  const made = inputs();
  const works = Object.fromEntries(formsOf(() => run(made)).map((form) => [form, () => forced(form, () => run(made))]));
  const times = await measure(device, clock, works);
  for (const [form, time] of Object.entries(times)) report.add({ name, form, operations, bytes, ...time });
  for (const input of made.flat(2)) input?.dispose();
  await device.synchronize();
}
report.send(head);
device.close();
process.exit();

/** The forms of a kernel that exist for a problem here: those that launch another kernel than the plain one. */
function formsOf(work) {
  const seen = new Map();
  for (const form of FORMS) {
    const names = launchedBy(() => forced(form, () => device.scope(work)));
    if (!seen.has(names)) seen.set(names, form);
  }
  return [...seen.values()];
}

function launchedBy(work) {
  const launch = device.launch;
  const names = [];
  device.launch = (call) => {
    names.push(call.kernel);
    return launch.call(device, call);
  };
  try {
    work();
  } finally {
    delete device.launch;
  }
  return names.join();
}

function forced(form, work) {
  const { forms } = device;
  const before = forms.forced;
  forms.forced = form;
  try {
    return work();
  } finally {
    forms.forced = before;
  }
}
