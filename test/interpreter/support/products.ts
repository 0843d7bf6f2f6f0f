import fc from 'fast-check';
import { attention } from '../../../src/kernels/attention/attention.js';
import { attentionGradient } from '../../../src/kernels/attention/attentionGradient.js';
import { causalConv3d } from '../../../src/kernels/convolution/causalConv3d.js';
import { conv2d } from '../../../src/kernels/convolution/conv2d.js';
import type { Form } from '../../../src/kernels/forms/form.js';
import { linear } from '../../../src/kernels/linear/linear.js';
import type { KeyType } from '../../../src/kernels/rows/keyType.js';
import { updateQuantizedRows } from '../../../src/kernels/rows/quantizedRows.js';
import { quantizedWords } from '../../../src/kernels/rows/quantizedWords.js';
import type { Device } from '../../../src/tensor/device.js';
import type { Tensor } from '../../../src/tensor/tensor.js';
import { type FloatType, typedTensor } from '../../support/packed.js';
import { normal, type Problem, randomTensor, seeds } from '../../support/twins.js';

// Small problems of the kernels that multiply, for the interpreter: about a tile and a step, or one more of each.

const between = (min: number, max: number, unit = 1) =>
  fc.integer({ min: Math.ceil(min / unit), max: Math.floor(max / unit) }).map((size) => size * unit);

/** Types of what is multiplied; the second is that of what does not change: weights, cached keys. */
type Types = readonly [FloatType, FloatType];

export interface LinearSizes {
  readonly rows: readonly [number, number];
  readonly depth: readonly [number, number, number];
  readonly columns: readonly [number, number, number];
  readonly types?: readonly FloatType[];
  readonly fuses?: boolean;
}

/** @param sizes from and to, and what the sizes are multiples of */
export function linears(
  form: Form,
  { rows, depth, columns, types = ['f32', 'bf16', 'f16'], fuses = true }: LinearSizes,
): fc.Arbitrary<Problem> {
  const ends = fuses ? ['nothing', 'bias', 'gelu and residual', 'gate'] : ['nothing', 'bias'];
  return fc
    .record({
      count: between(...rows),
      inFeatures: between(...depth),
      outFeatures: between(...columns),
      dtype: fc.constantFrom(...types),
      after: fc.constantFrom(...ends),
      seed: seeds,
    })
    .map(({ count, inFeatures, outFeatures, dtype, after, seed }) => (on: Device) => {
      const weight = normal(seed + 1, outFeatures * inFeatures, inFeatures ** -0.5);
      const to = () => randomTensor(on, seed + 3, [count, outFeatures]);
      const gate = () => ({ modulation: randomTensor(on, seed + 4, [1, 2, outFeatures]), chunk: 1 });
      return linear(
        randomTensor(on, seed, [count, inFeatures]),
        typedTensor(on, weight, [outFeatures, inFeatures], dtype),
        after === 'bias' || after === 'gate' ? randomTensor(on, seed + 2, [outFeatures]) : undefined,
        {
          form,
          gelu: after === 'gelu and residual',
          residual:
            after === 'gate' ? { to: to(), gate: gate() } : after === 'gelu and residual' ? { to: to() } : undefined,
        },
      );
    });
}

/** Types of the call's keys and of the cached ones. */
type KeyTypes = readonly [FloatType, KeyType];

const KEY_PAIRS: readonly KeyTypes[] = [
  ['f32', 'f32'],
  ['f32', 'f16'],
  ['f16', 'bf16'],
  ['f16', 'i8'],
];

interface AttentionSizes {
  readonly headDims: readonly number[];
  /** Most keys of the cache, and of the call. */
  readonly most?: number;
  readonly types?: readonly KeyTypes[];
  readonly biases?: readonly boolean[];
  /** At least so many cached keys, and own ones far above them: with some, every path is taken at once. */
  readonly raisesAfter?: number;
}

/** Keys of a cache, of the call, or both; those of the call at times far above, so that what is relative to the largest is made anew. */
export function attentions(
  form: Form,
  { headDims, most = 40, types = KEY_PAIRS, biases = [false, true], raisesAfter }: AttentionSizes,
): fc.Arbitrary<Problem> {
  return fc
    .record({
      heads: between(1, 2),
      headDim: fc.constantFrom(...headDims),
      queries: between(1, 34),
      rows: raisesAfter ? between(raisesAfter, most) : fc.oneof(fc.constant(0), between(1, most)),
      own: raisesAfter ? between(1, most - raisesAfter) : fc.oneof(fc.constant(0), between(1, most)),
      isFar: raisesAfter ? fc.constant(true) : fc.boolean(),
      hasBias: fc.constantFrom(...biases),
      types: fc.constantFrom(...types),
      seed: seeds,
    })
    .filter(({ rows, own, headDim, types: [, cached] }) => rows + own > 0 && (cached !== 'i8' || headDim % 4 === 0))
    .map(
      ({ heads, headDim, queries, rows, own, isFar, hasBias, types: [ownType, cacheType], seed }) =>
        (on: Device) => {
          const width = heads * headDim;
          const cacheRows = rows + 3;
          const first = (values: Float32Array, value: number) =>
            isFar ? values.map((one, index) => (index % headDim === 0 ? value : one)) : values;
          const pair = (from: number, count: number, type: KeyType, far: number) => ({
            keys: keptAs(on, first(normal(from, count * width), far), count, heads, type),
            values: keptAs(on, normal(from + 1, count * width), count, heads, type),
          });
          const listed = Uint32Array.from({ length: rows }, (_, row) => (7 * row + 2) % cacheRows);
          const span = Math.max(queries, cacheRows, own);
          return attention(
            on.upload(first(normal(seed, queries * width), 1), [queries, width]),
            {
              cached:
                rows > 0 ? { ...pair(seed + 10, cacheRows, cacheType, 0), rows: on.upload(listed, [rows]) } : undefined,
              own: own > 0 ? pair(seed + 20, own, ownType, 300) : undefined,
            },
            heads,
            { form, bias: hasBias ? randomTensor(on, seed + 30, [2 * span - 1, heads]) : undefined },
          );
        },
    );
}

/** The gradient with respect to the query, own keys or own values. */
export function attentionGradients(
  form: Form,
  { headDims, most = 20, types = KEY_PAIRS }: AttentionSizes,
): fc.Arbitrary<Problem> {
  return fc
    .record({
      heads: between(1, 2),
      headDim: fc.constantFrom(...headDims),
      queries: between(1, 18),
      rows: fc.oneof(fc.constant(0), between(1, most)),
      own: between(1, most),
      types: fc.constantFrom(...types),
      seed: seeds,
    })
    .filter(({ headDim, types: [, cached] }) => cached !== 'i8' || headDim % 4 === 0)
    .map(({ heads, headDim, queries, rows, own, types: [ownType, cacheType], seed }) => (on: Device) => {
      const width = heads * headDim;
      const cacheRows = rows + 3;
      const pair = (from: number, count: number, type: KeyType) => ({
        keys: keptAs(on, normal(from, count * width), count, heads, type),
        values: keptAs(on, normal(from + 1, count * width), count, heads, type),
      });
      const listed = Uint32Array.from({ length: rows }, (_, row) => (7 * row + 2) % cacheRows);
      const cached =
        rows > 0 ? { ...pair(seed + 10, cacheRows, cacheType), rows: on.upload(listed, [rows]) } : undefined;
      const [query, cotangent] = [seed, seed + 1].map((from) => randomTensor(on, from, [queries, width]));
      const context = { cached, own: pair(seed + 20, own, ownType) };
      const gradient = attentionGradient(query, context, heads, cotangent, { form });
      return [gradient.query, gradient.own?.keys, gradient.own?.values][seed % 3] as Tensor;
    });
}

function keptAs(on: Device, values: Float32Array, count: number, heads: number, type: KeyType): Tensor {
  const width = values.length / count;
  if (type !== 'i8') return typedTensor(on, values, [count, width], type);
  const table = on.zeros([count, quantizedWords(width, heads)], 'u32');
  const all = on.upload(
    new Uint32Array(count).map((_, row) => row),
    [count],
  );
  updateQuantizedRows(table, all, on.upload(values, [count, width]), heads);
  return table;
}

export interface ConvSizes {
  readonly ins: readonly [number, number, number];
  readonly outs: readonly [number, number, number];
  readonly types?: readonly Types[];
}

const CONV_TYPES: readonly Types[] = [
  ['f32', 'f32'],
  ['f16', 'bf16'],
  ['bf16', 'f16'],
];

const pictures = ({ ins, outs, types = CONV_TYPES }: ConvSizes) => ({
  frames: between(1, 2),
  height: between(2, 5),
  width: between(2, 11),
  inChannels: between(...ins),
  outChannels: between(...outs),
  types: fc.constantFrom(...types),
  seed: seeds,
});

export function convs3d(form: Form, sizes: ConvSizes): fc.Arbitrary<Problem> {
  return fc
    .record({ ...pictures(sizes), kernel: fc.constantFrom(1, 3) })
    .map(({ frames, height, width, inChannels, outChannels, types: [input, dtype], kernel, seed }) => (on: Device) => {
      const area = height * width * inChannels;
      const frame = (from: number, count: number) =>
        typedTensor(on, normal(from, count * area), [count, height, width, inChannels], input);
      const fanIn = 3 * kernel ** 2 * inChannels;
      const weight = normal(seed + 4, outChannels * fanIn, fanIn ** -0.5);
      return causalConv3d(
        frame(seed + 1, frames),
        [frame(seed + 2, 1), frame(seed + 3, 1)],
        typedTensor(on, weight, [outChannels, 3, kernel, kernel, inChannels], dtype),
        randomTensor(on, seed + 5, [outChannels]),
        form,
      );
    });
}

export function convs2d(form: Form, sizes: ConvSizes): fc.Arbitrary<Problem> {
  const ways = fc.constantFrom(
    { scale: 1, stride: 1 } as const,
    { scale: 2, stride: 1 } as const,
    { scale: 1, stride: 2 } as const,
    { scale: 1, stride: 2, zeros: 'around' } as const,
  );
  return fc
    .record({ ...pictures(sizes), way: ways, parts: between(1, 2) })
    .map(
      ({ frames, height, width, inChannels, outChannels, types: [input, dtype], way, parts, seed }) =>
        (on: Device) => {
          const x = normal(seed, frames * height * width * parts * inChannels);
          const weight = normal(seed + 4, outChannels * 9 * inChannels, (9 * inChannels) ** -0.5);
          return conv2d(
            typedTensor(on, x, [frames, height, width, parts * inChannels], input),
            typedTensor(on, weight, [outChannels, 3, 3, inChannels], dtype),
            randomTensor(on, seed + 5, [outChannels]),
            { ...way, parts, form },
          );
        },
    );
}
