import ndarray, { type NdArray } from 'ndarray';

type Matrix = NdArray<Float64Array>;

/**
 * Float64 twin of `attention.wgsl`, `attention.tiled.wgsl` and `attention.matrix.wgsl`, and of the three steps in a row
 * (`attentionSteps.twin.ts`): query [queries, heads * headDim]; the keys are the listed rows of `cached`, then all rows of
 * `own`; bias [2 * span - 1, heads] by key row - query row + span - 1.
 */
export function attention(
  query: Matrix,
  cached: { keys: Matrix; values: Matrix; rows: Uint32Array } | undefined,
  own: { keys: Matrix; values: Matrix } | undefined,
  heads: number,
  scale: number,
  bias?: Matrix,
): Matrix {
  const [queries, width] = query.shape;
  const headDim = width / heads;
  const sequence = [
    ...Array.from(cached?.rows ?? [], (row) => ({ row, keys: cached?.keys.data, values: cached?.values.data })),
    ...Array.from({ length: own?.keys.shape[0] ?? 0 }, (_, row) => ({
      row,
      keys: own?.keys.data,
      values: own?.values.data,
    })),
  ] as { row: number; keys: Float64Array; values: Float64Array }[];
  const y = new Float64Array(queries * width);
  const scores = new Float64Array(sequence.length);
  for (let q = 0; q < queries; q++) {
    for (let head = 0; head < heads; head++) {
      const first = q * width + head * headDim;
      for (let j = 0; j < sequence.length; j++) {
        const { row, keys } = sequence[j];
        let dot = 0;
        for (let d = 0; d < headDim; d++) dot += query.data[first + d] * keys[row * width + head * headDim + d];
        scores[j] = dot * scale + (bias ? bias.get(row - q + (bias.shape[0] - 1) / 2, head) : 0);
      }
      const largest = scores.reduce((left, right) => Math.max(left, right), Number.NEGATIVE_INFINITY);
      const weights = scores.map((score) => Math.exp(score - largest)); // [keys]
      const total = weights.reduce((left, right) => left + right, 0);
      for (let j = 0; j < sequence.length; j++) {
        const { row, values } = sequence[j];
        const weight = weights[j] / total;
        for (let d = 0; d < headDim; d++) y[first + d] += weight * values[row * width + head * headDim + d];
      }
    }
  }
  return ndarray(y, [queries, width]);
}
