import { ensure } from '../../errors.js';
import { type Device, typeCode } from '../../tensor/device.js';
import { expectShape } from '../../tensor/shape.js';
import { bytesOf, type Tensor } from '../../tensor/tensor.js';
import { chooseForm, classOf, type Form, type KernelClasses, subgroupSize } from '../forms/form.js';
import { fitsWorkgroup, isTrusted, shapesFor } from '../forms/matrixForm.js';
import { KEY_TYPES, type KeyType } from '../rows/keyType.js';
import { widenedRows } from '../rows/quantizedRows.twin.js';
import { quantizedWords } from '../rows/quantizedWords.js';

/**
 * Keys and values to attend to: rows of a cache, by index, then every row of `own`. Either part may be absent, and each
 * is f32 or packed 16-bit; a cache may also be in 8 bits, as `updateQuantizedRows` writes it.
 */
export interface AttentionContext {
  /** keys and values [cacheRows, heads * headDim], or u32 [cacheRows, quantizedWords]; rows u32 [count], which of them to read, in order */
  readonly cached?: { readonly keys: Tensor; readonly values: Tensor; readonly rows: Tensor };
  /** keys and values [count, heads * headDim] */
  readonly own?: { readonly keys: Tensor; readonly values: Tensor };
}

/** What scores are made of beside products. */
export interface AttentionTerms {
  /** Factor on the scores; 1 / sqrt(headDim) where absent. */
  readonly scale?: number;
  /** T5's relative position bias [2 * span - 1, heads], indexed by key row - query row + span - 1. */
  readonly bias?: Tensor;
}

/** What `attention` has checked and worked out. */
export interface AttentionProblem extends AttentionContext {
  readonly query: Tensor;
  readonly heads: number;
  readonly headDim: number;
  /** Keys of the cache, and those of the call. */
  readonly rowCount: number;
  readonly ownCount: number;
  readonly scale: number;
  readonly bias: Tensor | undefined;
  /** Half of the rows of the bias, rounded up. */
  readonly biasSpan: number;
}

/** @throws TokenTrimError where shapes or types do not fit together */
export function attentionProblem(
  query: Tensor,
  { cached, own }: AttentionContext,
  heads: number,
  { bias, scale }: AttentionTerms,
): AttentionProblem {
  expectShape(query.shape, ['any', 'any'], 'attention: query');
  const width = query.shape[1];
  const headDim = width / heads;
  ensure(Number.isInteger(headDim), `attention: ${width} columns do not split into ${heads} heads`);
  for (const part of [cached, own]) {
    if (!part) continue;
    const { keys, values } = part;
    const columns = part === cached && keys.dtype === 'u32' ? quantizedWords(width, heads) : width;
    expectShape(keys.shape, ['any', columns], 'attention: keys');
    expectShape(values.shape, [keys.shape[0], columns], 'attention: values');
    ensure(
      keys.dtype === values.dtype,
      `attention: expected keys and values of one type, found ${keys.dtype} and ${values.dtype}`,
    );
    if (part === own) typeCode(keys.dtype, 'attention: keys and values of a call');
  }
  const rowCount = cached ? cached.rows.size : 0;
  const ownCount = own ? own.keys.shape[0] : 0;
  ensure(rowCount + ownCount > 0, 'attention: there is no key to attend to');
  if (bias) expectShape(bias.shape, ['any', heads], 'attention: bias');
  const biasSpan = bias ? (bias.shape[0] + 1) / 2 : 0;
  const factor = scale ?? 1 / Math.sqrt(headDim);
  return { query, cached, own, heads, headDim, rowCount, ownCount, scale: factor, bias, biasSpan };
}

/** How keys of a tensor are held: words of indices are rows of 8-bit values here. */
export function keyTypeOf({ dtype }: Tensor): KeyType {
  return dtype === 'u32' ? 'i8' : dtype;
}

/** The same as kernels name it, 0 where there are none. */
export function keyTypeCode(keys: Tensor | undefined): number {
  return keys ? KEY_TYPES.indexOf(keyTypeOf(keys)) : 0;
}

/** @internal Keys or values as the twins read them, [rows, heads * headDim]. Reference device only. */
export function hostOf(keys: Tensor, { query, heads }: Pick<AttentionProblem, 'query' | 'heads'>) {
  return keyTypeOf(keys) === 'i8' ? widenedRows(keys.hostIndices, query.shape[1], heads) : keys.host;
}

/** With many keys the scores of the three steps no longer fit the processor's caches. */
export const ATTENTION_CLASSES = {
  kernel: 'attention',
  types: KEY_TYPES,
  sizes: { 'up to 4096 keys': 4096, 'more keys': Number.POSITIVE_INFINITY },
} as const satisfies KernelClasses;

/**
 * The form for a problem.
 * @param wanted a form in the place of any choice
 * @throws TokenTrimError where the form that is wanted cannot be used
 */
export function attentionForm(problem: AttentionProblem, wanted?: Form): Form {
  const { query, headDim, cached, own, bias, rowCount, ownCount } = problem;
  const { device } = query;
  const inFours = headDim % 4 === 0;
  const isBoundWhole = bytesOf('f32', query.size) <= device.maxBindingBytes; // as the steps need it
  const keys = (cached ?? own)?.keys;
  const type = keys ? keyTypeOf(keys) : 'f32';
  const fits = {
    subgroup: inFours && isBoundWhole && subgroupSize(device) > 0,
    tiled: inFours,
    // It rounds keys and values that are not in 16 bits already.
    matrix: !bias && headDim === MATRIX_HEAD_DIM && type !== 'f32' && attentionTile(device) !== undefined,
  };
  return chooseForm(device, classOf(ATTENTION_CLASSES, type, rowCount + ownCount), fits, wanted);
}

/** The width of a head that the `matrix` form is written for: that of every Wan2.1. */
const MATRIX_HEAD_DIM = 128;

/** Keys that the `matrix` form takes at a time. */
const KEYS = 32;

/** How many subgroups of the `matrix` form share keys, each with 16 queries. */
export interface AttentionTile {
  readonly subgroups: number;
  /** Buffers of the values: 2 spare a barrier. */
  readonly copies: number;
}

const TILES: readonly AttentionTile[] = [
  { subgroups: 8, copies: 1 },
  { subgroups: 4, copies: 1 },
];

/** The tile of the `matrix` form on a device; undefined where it cannot run. */
export function attentionTile(device: Device): AttentionTile | undefined {
  const lanes = device.features.maxSubgroupSize;
  if (!isTrusted(device, 'attention') || ![32, 64].includes(lanes)) return undefined;
  return shapesFor(device, 'attention', TILES).find(({ subgroups, copies }) => {
    if (![128, 256].includes(subgroups * lanes)) return false;
    const queries = 16 * subgroups;
    const cells = (1 + copies) * KEYS * 17 + queries * (9 + 5);
    return fitsWorkgroup(device, subgroups, 16 * Math.max(cells, 17 * queries) + 4 * queries + 4);
  });
}
