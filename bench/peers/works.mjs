// What is measured: shapes of Wan2.1-1.3B. A work says what its inputs are and how far results may lie apart; how each
// runtime does it is said in runtimes/.

// Largest difference to our result, as a share of that result's root mean square. Found: linear and convolution in f32 0
// (the values keep every sum within 24 bits), attention 1e-5, layer norm 1e-6; f16 of onnxruntime 0.04, which adds up in
// f16, of jax-js 0.002. A wrong row, scale or missing bias gives 1 and more.
const TOLERANCE = { f32: 1e-4, '16-bit': 0.1 };

/** x · weightᵀ + bias: torch.nn.Linear. */
const linear = (rows, inFeatures, outFeatures, type) => ({
  name: `linear [${rows}, ${inFeatures}] · [${outFeatures}, ${inFeatures}] ${type}`,
  kind: 'linear',
  type,
  operations: 2 * rows * inFeatures * outFeatures,
  inputs: {
    x: { shape: [rows, inFeatures], step: 1 / 256 },
    weight: { shape: [outFeatures, inFeatures], step: 1 / 256 },
    bias: { shape: [outFeatures], step: 1 / 16 },
  },
});

/** Softmax attention of every token to every other; rows are tokens, each holding its heads one after another. */
const attention = (tokens, heads, headDim) => {
  const shape = [tokens, heads * headDim];
  return {
    name: `attention ${tokens} tokens, ${heads} x ${headDim} f32`,
    kind: 'attention',
    type: 'f32',
    heads,
    operations: 4 * tokens * tokens * heads * headDim,
    inputs: { query: { shape, step: 1 / 32 }, keys: { shape, step: 1 / 128 }, values: { shape, step: 1 / 128 } },
  };
};

/** A convolution over `frames` pictures and the two before them, zeros around each picture. */
const causalConv3d = (frames, height, width, inChannels, outChannels) => ({
  name: `causalConv3d 3x3x3, ${inChannels} -> ${outChannels}, ${frames}x${height}x${width} f32`,
  kind: 'causalConv3d',
  type: 'f32',
  operations: 2 * 27 * frames * height * width * inChannels * outChannels,
  inputs: {
    x: { shape: [frames + 2, height, width, inChannels], step: 1 / 256 }, // the two frames before come first
    weight: { shape: [outChannels, 3, 3, 3, inChannels], step: 1 / 256 },
    bias: { shape: [outChannels], step: 1 / 16 },
  },
});

/** norm(x) * (1 + scale) + shift. It is short, so one measurement is of ten runs. */
const layerNorm = (rows, width) => ({
  name: `layer norm with modulation ${rows} x ${width} f32`,
  kind: 'layerNorm',
  type: 'f32',
  runs: 10,
  eps: 1e-6,
  inputs: {
    x: { shape: [rows, width], step: 1 / 64 },
    shift: { shape: [width], step: 1 / 128 },
    scale: { shape: [width], step: 1 / 256 },
  },
});

/**
 * The whole DiT, beside figures of stable-diffusion.cpp that were measured once with one thread on the machine of
 * docs/PERFORMANCE.md: it is no npm package. It also makes the text's keys and values in each call.
 */
const forward = (grid, published) => ({
  name: `whole DiT forward of 1.3B, ${grid[0] * grid[1]} tokens`,
  kind: 'forward',
  type: '16-bit',
  warmUps: 1,
  repeats: 3,
  grid,
  inputs: {},
  published: { runtime: 'stable-diffusion.cpp', ...published },
});

export const WORKS = [
  linear(256, 1536, 1536, 'f32'),
  linear(1024, 1536, 1536, 'f32'),
  linear(256, 1536, 8960, 'f32'),
  linear(1024, 1536, 8960, 'f32'),
  linear(256, 1536, 1536, '16-bit'),
  linear(1024, 1536, 1536, '16-bit'),
  linear(256, 1536, 8960, '16-bit'),
  linear(1024, 1536, 8960, '16-bit'),
  attention(768, 12, 128),
  causalConv3d(2, 30, 52, 96, 96),
  layerNorm(1560, 1536),
  forward([8, 8], { form: 'Vulkan', seconds: 66.9 }), // on lavapipe at 4.7 GFLOP/s
  forward([15, 26], { form: 'CPU f16', seconds: 17 }), // without a GPU driver, at 67 GFLOP/s
].map((work) => ({ runs: 1, tolerance: TOLERANCE[work.type], ...work }));
