import type { Tensor } from '../../tensor/tensor.js';
import { gatherQuantizedRows } from '../rows/quantizedRows.js';
import { type AttentionProblem, keyTypeOf } from './attentionForm.js';
import type { KeyColumns } from './attentionWeights.js';
import type { HeadMatrices } from './headProduct.js';

/** Keys that are read as they lie, and where their columns of the scores begin. */
export interface KeyPart {
  readonly keys: Tensor;
  readonly values: Tensor;
  readonly rows?: Tensor;
  readonly count: number;
  readonly column: number;
}

/** Of each head its columns of a tensor [rows, heads * headDim], from a row on. */
export function columnsOfHeads(tensor: Tensor, heads: number, row: number): HeadMatrices {
  const width = tensor.shape[1];
  return { tensor, start: row * width, headPitch: width / heads, pitch: width };
}

/** Own keys begin at a multiple of 4, as the kernels read four at a time. */
export function columnsOf({ rowCount, ownCount }: AttentionProblem): KeyColumns {
  const ownColumn = 4 * Math.ceil(rowCount / 4);
  return { rowCount, ownColumn, ownCount, columns: ownColumn + 4 * Math.ceil(ownCount / 4) };
}

/** The keys of a problem; rows of a cache in 8 bits are widened to f32. */
export function partsOf(
  { query, heads, cached, own, rowCount, ownCount }: AttentionProblem,
  keys: KeyColumns,
): KeyPart[] {
  const parts: KeyPart[] = [];
  if (cached && rowCount > 0) {
    const widened = (table: Tensor) => gatherQuantizedRows(table, cached.rows, query.shape[1], heads);
    const isQuantized = keyTypeOf(cached.keys) === 'i8';
    const held = isQuantized ? { keys: widened(cached.keys), values: widened(cached.values) } : cached;
    parts.push({ ...held, count: rowCount, column: 0 });
  }
  if (own && ownCount > 0) parts.push({ ...own, count: ownCount, column: keys.ownColumn });
  return parts;
}
