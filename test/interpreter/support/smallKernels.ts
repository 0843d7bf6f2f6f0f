import fc from 'fast-check';
import { tokenDrift, tokenSummary } from '../../../src/kernels/drift/tokenDrift.js';
import { blendFrames } from '../../../src/kernels/elementwise/blendFrames.js';
import { cast } from '../../../src/kernels/elementwise/cast.js';
import { add, gelu, geluGradient, multiply, silu, softClamp } from '../../../src/kernels/elementwise/elementwise.js';
import { relu } from '../../../src/kernels/elementwise/relu.js';
import { updateSum } from '../../../src/kernels/elementwise/updateSum.js';
import { weightedSum } from '../../../src/kernels/elementwise/weightedSum.js';
import type { Form } from '../../../src/kernels/forms/form.js';
import { channelsFirst } from '../../../src/kernels/layout/channelsFirst.js';
import { channelsLast } from '../../../src/kernels/layout/channelsLast.js';
import { joinChannels } from '../../../src/kernels/layout/joinChannels.js';
import { patchify, unpatchify } from '../../../src/kernels/layout/patchify.js';
import { patchesToPixels, pixelsToPatches } from '../../../src/kernels/layout/patchPixels.js';
import { toPixels } from '../../../src/kernels/layout/toPixels.js';
import { gatedResidual, modulation } from '../../../src/kernels/modulation/modulation.js';
import { channelNorm } from '../../../src/kernels/norms/channelNorm.js';
import { affineLayerNorm, modulatedLayerNorm } from '../../../src/kernels/norms/layerNorm.js';
import { rmsNorm } from '../../../src/kernels/norms/rmsNorm.js';
import { firstNotFinite } from '../../../src/kernels/numerics/firstNotFinite.js';
import { largestMagnitude } from '../../../src/kernels/numerics/largestMagnitude.js';
import { gatherQuantizedRows, updateQuantizedRows } from '../../../src/kernels/rows/quantizedRows.js';
import { quantizedWords } from '../../../src/kernels/rows/quantizedWords.js';
import { gatherRows, updateRows } from '../../../src/kernels/rows/rows.js';
import type { Device } from '../../../src/tensor/device.js';
import { float32ToBfloat16, float32ToHalf } from '../../../src/tensor/sixteenBit.js';
import type { Tensor } from '../../../src/tensor/tensor.js';
import { normal, type Problem, randomTensor, seeds, sizes } from '../../support/twins.js';

// Small problems of the kernels that multiply nothing, for the interpreter.

export const fours = (max: number) => sizes(max / 4).map((size) => 4 * size);

/** Rows whose variance is clear of zero. */
export const spread = (on: Device, seed: number, rows: number, width: number) =>
  on.upload(
    normal(seed, rows * width, 0.3).map((value, index) => value + ((index % width) % 2 === 0 ? 1 : -1)),
    [rows, width],
  );

export function norms(
  kernel: 'rmsNorm' | 'layerNorm',
  form: Form,
  widths: fc.Arbitrary<number>,
): fc.Arbitrary<Problem> {
  return fc.tuple(sizes(3), sizes(3), widths, seeds).map(([frames, tokens, width, seed]) => (on: Device) => {
    const x = spread(on, seed, frames * tokens, width);
    if (kernel === 'rmsNorm') return rmsNorm(x, randomTensor(on, seed + 1, [width]), 1e-6, form);
    if (tokens === 1) return affineLayerNorm(x, randomTensor(on, seed + 1, [1, 2, width]), 1e-6, form);
    const chunks = randomTensor(on, seed + 1, [frames, 3, width]);
    return modulatedLayerNorm(x, chunks, { shift: seed % 3, scale: (seed + 1) % 3 }, 1e-6, form);
  });
}

export function channelNorms(form: Form, channels: fc.Arbitrary<number>): fc.Arbitrary<Problem> {
  return fc
    .record({ pixels: sizes(70), channels, silu: fc.boolean(), narrows: fc.boolean(), seed: seeds })
    .map(({ pixels, channels: width, silu: withSilu, narrows, seed }) => (on: Device) => {
      const type = narrows && width % 2 === 0 ? 'f16' : 'f32';
      const x = randomTensor(on, seed, [1, pixels, 1, width]);
      const normed = channelNorm(x, randomTensor(on, seed + 1, [width]), { silu: withSilu, type, form });
      return type === 'f16' ? cast(normed, 'f32') : normed;
    });
}

export const elementwises = (widths: fc.Arbitrary<number>): fc.Arbitrary<Problem> =>
  fc
    .tuple(
      fc.constantFrom<((a: Tensor, b: Tensor) => Tensor)[]>(
        add,
        multiply,
        geluGradient,
        (a) => gelu(a),
        (a) => silu(a),
        (a) => softClamp(a),
      ),
      sizes(3),
      widths,
      seeds,
    )
    .map(([operation, rows, width, seed]) => (on: Device) => {
      return operation(randomTensor(on, seed, [rows, width], 3), randomTensor(on, seed + 1, [rows, width]));
    });

export const casts: fc.Arbitrary<Problem> = fc
  .tuple(sizes(40), sizes(70), fc.constantFrom('bf16' as const, 'f16' as const), seeds)
  .map(
    ([rows, width, type, seed]) =>
      (on) =>
        cast(cast(randomTensor(on, seed, [rows, width]), type), 'f32'),
  );

const latents = fc
  .record({
    frames: sizes(3),
    channels: sizes(4),
    rows: sizes(3),
    columns: sizes(3),
    height: sizes(2),
    width: sizes(3),
    seed: seeds,
  })
  .map(({ frames, channels, rows, columns, height, width, seed }) => ({
    shape: [frames, channels, rows * height, columns * width],
    patch: { height, width },
    seed,
  }));

export const blends: fc.Arbitrary<Problem> = latents.map(({ shape, seed }) => (on) => {
  const numbers = normal(seed + 2, shape[0] * 2);
  const pairs = Array.from({ length: shape[0] }, (_, f) => [numbers[2 * f], numbers[2 * f + 1]] as const);
  return blendFrames(randomTensor(on, seed, shape), randomTensor(on, seed + 1, shape), pairs);
});

/** Rows of several runs, some of whose bits are no number's. */
export const notFinites: fc.Arbitrary<Problem> = fc
  .record({
    rows: sizes(5),
    width: sizes(1100),
    type: fc.constantFrom('f32' as const, 'bf16' as const, 'f16' as const),
    bad: fc.array(fc.tuple(fc.nat(), fc.boolean()), { maxLength: 4 }),
    seed: seeds,
  })
  .map(({ rows, width, type, bad, seed }) => (on) => {
    const values = normal(seed, rows * width);
    for (const [at, isNone] of bad) values[at % values.length] = isNone ? Number.NaN : Number.NEGATIVE_INFINITY;
    const bits = type === 'f16' ? float32ToHalf(values) : type === 'bf16' ? float32ToBfloat16(values) : values;
    return firstNotFinite(on.upload(bits, [rows, width], type));
  });

export const magnitudes: fc.Arbitrary<Problem> = fc
  .tuple(sizes(700), sizes(90), fc.constantFrom('f32' as const, 'f16' as const, 'bf16' as const), seeds)
  .map(([rows, width, type, seed]) => (on) => {
    const values = normal(seed, rows * width);
    const bits = type === 'f16' ? float32ToHalf(values) : type === 'bf16' ? float32ToBfloat16(values) : values;
    return largestMagnitude(on.upload(bits, [rows, width], type));
  });

export const relus: fc.Arbitrary<Problem> = fc
  .tuple(sizes(40), fours(24), fc.boolean(), fc.constantFrom('f32' as const, 'f16' as const), seeds)
  .map(([rows, width, adds, type, seed]) => (on) => {
    const [x, addend] = [0, 1].map((more) => randomTensor(on, seed + more, [rows, width - (type === 'f32' ? 1 : 2)]));
    return cast(relu(x, { addend: adds ? addend : undefined, type }), 'f32');
  });

export const joins: fc.Arbitrary<Problem> = fc
  .tuple(sizes(40), sizes(9), sizes(9), fc.boolean(), seeds)
  .map(([count, left, right, isHalf, seed]) => (on) => {
    const [a, b] = [left, right].map((channels, index) => {
      return randomTensor(on, seed + index, [1, count, 1, isHalf ? 2 * channels : channels]);
    });
    return cast(joinChannels(a, b, isHalf ? 'f16' : 'f32'), 'f32');
  });

export const pixelPatches: fc.Arbitrary<Problem> = fc
  .tuple(sizes(2), sizes(3), sizes(3), sizes(3), sizes(3), seeds)
  .map(([frames, rows, columns, channels, patch, seed]) => (on) => {
    const range = { scale: 0.5, offset: 0.25 };
    const x = randomTensor(on, seed, [frames, rows * patch, columns * patch, channels]);
    return patchesToPixels(pixelsToPatches(x, patch, range), patch, range);
  });

export const sums: fc.Arbitrary<Problem> = fc.tuple(sizes(5), sizes(40), seeds).map(([rows, width, seed]) => (on) => {
  const sum = randomTensor(on, seed, [rows, width]);
  updateSum(sum, randomTensor(on, seed + 1, [rows, width]));
  return sum;
});

export const weightedSums: fc.Arbitrary<Problem> = fc
  .tuple(sizes(4), sizes(5), sizes(40), seeds)
  .map(([terms, rows, width, seed]) => (on) => {
    const weights = normal(seed, terms);
    return weightedSum(
      Array.from(weights, (weight, term) => [weight, randomTensor(on, seed + term + 1, [rows, width])]),
    );
  });

const scaleOf = (on: Device, channels: number, seed: number) => ({
  mean: randomTensor(on, seed, [channels]),
  std: on.upload(
    normal(seed + 1, channels).map((value) => 0.5 + Math.abs(value)),
    [channels],
  ),
});

export const firsts: fc.Arbitrary<Problem> = latents.map(
  ({ shape: [frames, channels, height, width], seed }) =>
    (on) => {
      return channelsFirst(
        randomTensor(on, seed, [frames, height, width, 2 * channels]),
        scaleOf(on, channels, seed + 1),
      );
    },
);
export const lasts: fc.Arbitrary<Problem> = latents.map(({ shape, seed }) => (on) => {
  const firstFrame = seed % shape[0];
  const range = { firstFrame, frames: shape[0] - firstFrame };
  return channelsLast(randomTensor(on, seed, shape), scaleOf(on, shape[1], seed + 1), range);
});

export const patches: fc.Arbitrary<Problem> = latents.map(({ shape, patch, seed }) => (on) => {
  return unpatchify(patchify(randomTensor(on, seed, shape), patch), shape, patch);
});

/** Bytes of pictures: a step of a float next to the twin's may make the next byte, so that values lie between two steps. */
export const pixels: fc.Arbitrary<Problem> = fc.tuple(sizes(2), sizes(9), sizes(9), seeds).map((drawn) => (on) => {
  const [frames, height, width, seed] = drawn;
  const values = normal(seed, frames * height * width * 3, 90).map((value) => Math.round(value) / 127.5);
  return toPixels(on.upload(values, [frames, height, width, 3]));
});

export const summaries: fc.Arbitrary<Problem> = latents.map(({ shape, patch, seed }) => (on) => {
  return tokenSummary(randomTensor(on, seed, shape), patch);
});
export const driftsOf: fc.Arbitrary<Problem> = fc
  .tuple(sizes(80), sizes(20), seeds)
  .map(([tokens, width, seed]) => (on) => {
    return tokenDrift(randomTensor(on, seed, [tokens, width]), randomTensor(on, seed + 1, [tokens, width]));
  });

export const chunked = fc.record({
  frames: sizes(3),
  tokens: sizes(3),
  chunks: sizes(4),
  width: sizes(80),
  seed: seeds,
});
export const modulations: fc.Arbitrary<Problem> = chunked.map(({ frames, tokens, chunks, width, seed }) => (on) => {
  const table = randomTensor(on, seed, [tokens * chunks, width]); // as many blocks' as there are tokens
  return modulation(table, randomTensor(on, seed + 1, [frames, chunks, width]));
});
export const gates: fc.Arbitrary<Problem> = chunked.map(({ frames, tokens, chunks, width, seed }) => (on) => {
  const [x, branch] = [0, 1].map((more) => randomTensor(on, seed + more, [frames * tokens, width]));
  return gatedResidual(x, branch, randomTensor(on, seed + 2, [frames, chunks, width]), seed % chunks);
});

const picked = sizes(20).chain((capacity) =>
  fc.record({
    capacity: fc.constant(capacity),
    rows: fc.shuffledSubarray([...Array(capacity).keys()], { minLength: 1 }),
    width: sizes(70),
    seed: seeds,
  }),
);
const indices = (on: Device, rows: readonly number[]) => on.upload(Uint32Array.from(rows), [rows.length]);
export const gathers: fc.Arbitrary<Problem> = picked.map(({ capacity, rows, width, seed }) => (on) => {
  return gatherRows(randomTensor(on, seed, [capacity, width]), indices(on, [...rows, rows[0]]));
});
export const rowUpdates: fc.Arbitrary<Problem> = picked.map(({ capacity, rows, width, seed }) => (on) => {
  const cache = randomTensor(on, seed, [capacity, width]);
  updateRows(cache, indices(on, rows), randomTensor(on, seed + 1, [rows.length + 2, width]), seed % 3);
  return cache;
});

export const quantizedRows: fc.Arbitrary<Problem> = picked
  .chain((drawn) => fc.tuple(fc.constant(drawn), sizes(3), fc.constantFrom(4, 12, 68, 132)))
  .map(([{ capacity, rows, seed }, heads, headDim]) => (on) => {
    const width = heads * headDim;
    const cache = on.zeros([capacity, quantizedWords(width, heads)], 'u32');
    updateQuantizedRows(cache, indices(on, rows), randomTensor(on, seed, [rows.length, width]), heads);
    return gatherQuantizedRows(cache, indices(on, [...rows, 0]), width, heads);
  });
