import fc from 'fast-check';
import { attention } from '../../src/kernels/attention/attention.js';
import type { AttentionContext } from '../../src/kernels/attention/attentionForm.js';
import { type Form, subgroupSize } from '../../src/kernels/forms/form.js';
import type { KeyType } from '../../src/kernels/rows/keyType.js';
import { updateQuantizedRows } from '../../src/kernels/rows/quantizedRows.js';
import { quantizedWords } from '../../src/kernels/rows/quantizedWords.js';
import type { Device } from '../../src/tensor/device.js';
import type { FloatType, Tensor } from '../../src/tensor/tensor.js';
import { device } from './device.js';
import { typedTensor } from './packed.js';
import { normal, type Problem, randomTensor, seeds, sizes } from './twins.js';

/** One call of `attention`, by seed. */
export interface Drawn {
  readonly heads: number;
  readonly headDim: number;
  readonly queries: number;
  /** Rows of the cache, and which of them are read, in order. */
  readonly cacheRows: number;
  readonly rows: readonly number[];
  readonly ownRows: number;
  readonly hasBias: boolean;
  readonly scale: number | undefined;
  readonly cacheType: KeyType;
  readonly ownType: FloatType;
  readonly seed: number;
}

/** Pairs rather than all combinations: each compiles anew, which takes seconds on lavapipe. */
const typePairs = fc.constantFrom<{ cacheType: KeyType; ownType: FloatType }[]>(
  { cacheType: 'f32', ownType: 'f32' },
  { cacheType: 'f16', ownType: 'f32' },
  { cacheType: 'bf16', ownType: 'f16' },
  { cacheType: 'i8', ownType: 'f16' },
);

/** Cache only, own keys only, or both; up to 300 keys, so that several chunks of 64 are met. */
export const problemsOf = (headDims: readonly number[]): fc.Arbitrary<Drawn> =>
  fc
    .record({
      heads: sizes(3),
      headDim: fc.constantFrom(...headDims),
      queries: sizes(40),
      cacheRows: sizes(150),
      rows: fc.array(fc.nat(149), { maxLength: 150, size: 'max' }),
      ownRows: fc.nat(150),
      hasBias: fc.boolean(),
      scale: fc.constantFrom(undefined, 1, 0.3),
      types: typePairs,
      seed: seeds,
    })
    .filter(({ rows, ownRows, headDim, types: { cacheType } }) => {
      return rows.length + ownRows > 0 && (cacheType !== 'i8' || headDim % 4 === 0);
    })
    .map(({ types, ...drawn }) => ({
      ...drawn,
      ...types,
      hasBias: drawn.hasBias && types.cacheType !== 'i8' && types.ownType === 'f32', // as the text encoder has it
      rows: drawn.rows.map((row) => row % drawn.cacheRows),
    }));

/** The forms that the adapter has, with widths of heads that each handles: the least, an odd one, Wan's own. */
export const forms: [Form, fc.Arbitrary<Drawn>][] = [
  ['plain', problemsOf([1, 3, 128])],
  ['tiled', problemsOf([4, 44, 128])],
];
if (subgroupSize(device) > 0) forms.push(['subgroup', problemsOf([4, 44, 128])]);

export const keysAndValues = (
  on: Device,
  seed: number,
  rows: number,
  width: number,
  dtype: FloatType = 'f32',
  widened = false,
) => ({
  keys: typedTensor(on, normal(seed, rows * width), [rows, width], dtype, widened),
  values: typedTensor(on, normal(seed + 1, rows * width), [rows, width], dtype, widened),
});

/** The same in 8 bits; the kernel and its twin make the same bytes of them. */
function quantizedKeysAndValues(on: Device, seed: number, rows: number, width: number, heads: number) {
  const all = on.upload(
    Uint32Array.from({ length: rows }, (_, row) => row),
    [rows],
  );
  const quantized = (values: Tensor) => {
    const table = on.zeros([rows, quantizedWords(width, heads)], 'u32');
    updateQuantizedRows(table, all, values, heads);
    return table;
  };
  const { keys, values } = keysAndValues(on, seed, rows, width);
  return { keys: quantized(keys), values: quantized(values) };
}

function contextOf(on: Device, drawn: Drawn, widened: boolean): AttentionContext {
  const { seed, rows, cacheRows, ownRows, heads, headDim, cacheType, ownType } = drawn;
  const width = heads * headDim;
  return {
    cached:
      rows.length > 0
        ? {
            ...(cacheType === 'i8'
              ? quantizedKeysAndValues(on, seed + 10, cacheRows, width, heads)
              : keysAndValues(on, seed + 10, cacheRows, width, cacheType, widened)),
            rows: on.upload(Uint32Array.from(rows), [rows.length]),
          }
        : undefined,
    own: ownRows > 0 ? keysAndValues(on, seed + 20, ownRows, width, ownType, widened) : undefined,
  };
}

/** What `attention` is given for a problem. */
export function inputsOf(on: Device, drawn: Drawn, widened = false) {
  const { seed, heads, headDim, queries, cacheRows, ownRows, hasBias, scale } = drawn;
  // Scores of about 1 whatever the width and the scale.
  const query = randomTensor(on, seed, [queries, heads * headDim], scale === undefined ? 1 : headDim ** -0.5);
  const span = Math.max(queries, cacheRows, ownRows);
  const bias = hasBias ? randomTensor(on, seed + 30, [2 * span - 1, heads]) : undefined;
  return { query, context: contextOf(on, drawn, widened), heads, terms: { bias, scale } };
}

export const problem =
  (drawn: Drawn, form: Form, widened = false): Problem =>
  (on) => {
    const { query, context, heads, terms } = inputsOf(on, drawn, widened);
    return attention(query, context, heads, { ...terms, form });
  };
