// The problems that bench/card times: those of Wan2.1-1.3B at 832x480 with 18 cached frames.
import { pathToFileURL } from 'node:url';

/**
 * @param kind half, linear, attention, conv or rows
 * @returns problems { name, what, operations or bytes, prepare(), run(form), free() }
 */
export async function timedProblems(root, gpu, kind, { small }) {
  const load = (path) => import(pathToFileURL(`${root}/dist/kernels/${path}.js`).href);
  const { linear } = await load('linear/linear');
  const { attention } = await load('attention/attention');
  const { causalConv3d } = await load('convolution/causalConv3d');
  const { conv2d } = await load('convolution/conv2d');
  const { cast } = await load('elementwise/cast');
  const { modulatedLayerNorm } = await load('norms/layerNorm');
  const { rmsNorm } = await load('norms/rmsNorm');
  const { rmsNormRope } = await load('norms/rmsNormRope');
  const { channelNorm } = await load('norms/channelNorm');
  const tensor = makerOf(gpu);
  const indices = (count) =>
    gpu.upload(
      Uint32Array.from({ length: count }, (_, row) => row),
      [count],
    );
  const [tokens, cached, text, width, wide] = small ? [96, 160, 64, 128, 256] : [4680, 28080, 512, 1536, 8960];
  const heads = width / 128;
  const [height, across] = small ? [16, 24] : [480, 832];
  const product = (name, rows, inFeatures, outFeatures, type, xType = 'f32') => ({
    name: `linear ${name}`,
    what: `[${rows}, ${inFeatures}] x [${outFeatures}, ${inFeatures}] ${type}, x ${xType}`,
    operations: 2 * rows * inFeatures * outFeatures,
    inputs: () => [tensor([rows, inFeatures], xType), tensor([outFeatures, inFeatures], type), tensor([outFeatures])],
    op: ([x, weight, bias], form) => linear(x, weight, bias, { form }),
  });
  const attended = (name, past, own) => ({
    name: `attention ${name}`,
    what: `${tokens} queries, ${past} cached + ${own} own, ${heads} x 128 f16`,
    operations: 4 * tokens * (past + own) * width,
    inputs: () => [
      tensor([tokens, width]),
      ...[past, past, own, own].map((rows) => rows && tensor([rows, width], 'f16')),
      past && indices(past),
    ],
    op: ([query, keys, values, ownKeys, ownValues, rows], form) =>
      attention(
        query,
        {
          cached: rows ? { keys, values, rows } : undefined,
          own: ownKeys ? { keys: ownKeys, values: ownValues } : undefined,
        },
        heads,
        { form },
      ),
  });
  const conv3d = (name, frames, tall, long, inside, outside) => ({
    name: `conv3d ${name}`,
    what: `${frames}x${tall}x${long}, ${inside} -> ${outside} f16`,
    operations: 2 * 27 * frames * tall * long * inside * outside,
    inputs: () => [
      ...[frames, 1, 1].map((count) => tensor([count, tall, long, inside], 'f16')),
      tensor([outside, 3, 3, 3, inside], 'f16'),
      tensor([outside]),
    ],
    op: ([x, older, newer, weight, bias], form) => causalConv3d(x, [older, newer], weight, bias, form),
  });
  const enlarged = {
    name: 'conv2d enlarged',
    what: `4x${height / 2}x${across / 2} twice as large, 192 -> 96 f16`,
    operations: 2 * 9 * 4 * height * across * 192 * 96,
    inputs: () => [tensor([4, height / 2, across / 2, 192], 'f16'), tensor([96, 3, 3, 192], 'f16'), tensor([96])],
    op: ([x, weight, bias], form) => conv2d(x, weight, bias, { scale: 2, form }),
  };
  const products = [
    product('qkv', tokens, width, width, 'bf16'),
    product('up', tokens, width, wide, 'bf16'),
    product('down', tokens, wide, width, 'f16'),
  ];
  const KINDS = {
    linear: products,
    half: [
      ...products,
      product('qkv, x f16', tokens, width, width, 'f16', 'f16'),
      product('up, x f16', tokens, width, wide, 'f16', 'f16'),
    ],
    attention: [attended('full window', cached, tokens), attended('own', 0, tokens), attended('text', 0, text)],
    conv: [
      conv3d('last stage', 4, height, across, 96, 96),
      conv3d('stage 2', 4, height / 2, across / 2, 192, 192),
      conv3d('middle', 1, height / 8, across / 8, 384, 384),
      enlarged,
    ],
    rows: [
      {
        name: 'channelNorm',
        form: 'subgroup',
        bytes: 4 * height * across * 96 * 6,
        inputs: () => [tensor([4, height, across, 96]), tensor([96])],
        op: ([x, gain], form) => channelNorm(x, gain, { silu: true, type: 'f16', form }),
      },
      {
        name: 'layerNorm',
        form: 'subgroup',
        bytes: 8 * tokens * width,
        inputs: () => [tensor([tokens, width]), tensor([1, 6, width])],
        op: ([x, modulation], form) => modulatedLayerNorm(x, modulation, { shift: 0, scale: 1 }, 1e-6, form),
      },
      {
        name: 'rmsNorm',
        form: 'subgroup',
        bytes: 8 * tokens * width,
        inputs: () => [tensor([tokens, width]), tensor([width])],
        op: ([x, weight], form) => rmsNorm(x, weight, 1e-6, form),
      },
      {
        name: 'rmsNormRope to f16',
        form: 'subgroup',
        bytes: 6 * tokens * width,
        inputs: () => [tensor([tokens, width]), tensor([width]), tensor([22 + (1 + tokens) * 21, 2])],
        op: ([x, weight, entries], form) => {
          const pairs = { temporal: 22, height: 21, width: 21 };
          const table = { entries, frames: 1, gridHeight: 1, gridWidth: tokens, pairs };
          return rmsNormRope(x, weight, 1e-6, table, heads, { dtype: 'f16', form });
        },
      },
      {
        name: 'cast to f16',
        form: 'plain',
        bytes: 6 * tokens * width,
        inputs: () => [tensor([tokens, width])],
        op: ([x]) => cast(x, 'f16'),
      },
    ],
  };
  return KINDS[kind].map(({ inputs, op, ...problem }) => {
    let made;
    return {
      ...problem,
      /** Makes the inputs; not inside of a scope, which would free them. */
      prepare: () => {
        made ??= inputs();
      },
      run: (form) => op(made, form),
      free: () => {
        for (const one of made ?? []) if (one) one.dispose();
        made = undefined;
      },
    };
  });
}

/** Random values of about 0.1 to 0.5, a period over and over. */
function makerOf(gpu) {
  const period = 65537;
  const f32 = new Float32Array(period).map(() => Math.random() - 0.5);
  const random = (bits) => bits | (Math.random() < 0.5 ? 0x8000 : 0) | Math.floor(Math.random() * 0x7ff);
  const f16 = new Uint16Array(period).map(() => random(0x3000));
  const words = new Uint32Array(f32.buffer);
  const bf16 = new Uint16Array(period).map((_, index) => words[index] >>> 16);
  return (shape, type = 'f32') => {
    const size = shape.reduce((total, length) => total * length, 1);
    const source = { f32, f16, bf16 }[type];
    const values = new source.constructor(size);
    for (let at = 0; at < size; at += period) values.set(source.subarray(0, Math.min(period, size - at)), at);
    return gpu.upload(values, shape, type);
  };
}
