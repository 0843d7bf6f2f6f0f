import { ensure } from '../../errors.js';
import type { Tensor } from '../../tensor/tensor.js';
import { type AttentionContext, type AttentionProblem, attentionProblem } from './attentionForm.js';
import { columnsOf, columnsOfHeads, type KeyPart, partsOf } from './attentionKeys.js';
import { type KeyColumns, updateAttentionWeights } from './attentionWeights.js';
import { updateHeadProducts } from './headProduct.js';

/** The weights of a mean over heads, and where each key's column is. */
export interface MeanAttention {
  /** f32 [queries, columns], 0 where a column is no key's. */
  readonly weights: Tensor;
  /** The first `rowCount` columns are the cache's rows in order, those from `ownColumn` on the own keys. */
  readonly columns: KeyColumns;
}

/** Weights of heads held at a time; more queries than fit are done one part after the other. */
const MAX_WEIGHT_BYTES = 64 * 2 ** 20;

/**
 * What some queries attend to: softmax(scale · Q·Kᵀ) of `attention`, a mean over the heads. For looking at: the weights of
 * every head lie in memory. The mean is a product as well, of a row of 1 / heads and the weights of the heads.
 * @param query f32 [queries, heads * headDim]
 * @throws TokenTrimError where shapes or types do not fit together
 */
export function meanAttention(query: Tensor, context: AttentionContext, heads: number): MeanAttention {
  const problem = attentionProblem(query, context, heads, {});
  ensure(query.dtype === 'f32', () => `meanAttention: query must be f32, found ${query.dtype}`);
  const { device } = query;
  const [queries] = query.shape;
  const columns = columnsOf(problem);
  const most = Math.min(MAX_WEIGHT_BYTES, device.maxBindingBytes);
  const atOnce = Math.max(1, Math.floor(most / (4 * heads * columns.columns)));
  const weights = device.scope(() => {
    const mean = device.zeros([queries, columns.columns]);
    const parts = partsOf(problem, columns);
    for (let first = 0; first < queries; first += atOnce) {
      const count = Math.min(atOnce, queries - first);
      device.scope(() => meanOf(problem, { first, count, columns, parts }, mean));
    }
    return mean;
  });
  return { weights, columns };
}

interface Queries {
  readonly first: number;
  readonly count: number;
  readonly columns: KeyColumns;
  readonly parts: readonly KeyPart[];
}

/** Writes those rows of the mean. */
function meanOf(
  { query, heads, headDim, scale }: AttentionProblem,
  { first, count, columns: keys, parts }: Queries,
  mean: Tensor,
): void {
  const { device } = query;
  const { columns } = keys;
  const form = 'plain'; // there are few queries
  const weights = device.zeros([heads, count, columns]);
  for (const { keys: held, rows: listed, count: ofPart, column } of parts) {
    const scores = { tensor: weights, start: column, headPitch: count * columns, pitch: columns };
    const sizes = { heads, rows: count, columns: ofPart, depth: headDim, transposed: 'b', listed, form } as const;
    updateHeadProducts(scores, columnsOfHeads(query, heads, first), columnsOfHeads(held, heads, 0), sizes);
  }
  updateAttentionWeights(weights, heads * count, keys, scale, form);
  const shares = device.upload(new Float64Array(heads).fill(1 / heads), [1, heads]);
  const line = { headPitch: 0, pitch: count * columns };
  updateHeadProducts(
    { tensor: mean, start: first * columns, ...line },
    { tensor: shares, start: 0, headPitch: 0, pitch: heads },
    { tensor: weights, start: 0, ...line },
    { heads: 1, rows: 1, columns: count * columns, depth: heads, form },
  );
}
