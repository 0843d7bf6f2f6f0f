import ndarray, { type NdArray } from 'ndarray';

/** Float64 twin of `weightedSum.wgsl`: tensors of one shape, one weight each. */
export function weightedSum(
  weights: readonly number[],
  tensors: readonly NdArray<Float64Array>[],
): NdArray<Float64Array> {
  const [{ shape, size }] = tensors;
  const y = new Float64Array(size);
  for (const [term, { data }] of tensors.entries()) {
    for (let index = 0; index < size; index++) y[index] += weights[term] * data[index];
  }
  return ndarray(y, [...shape]);
}
