import ndarray, { type NdArray } from 'ndarray';

const EPSILON = 1e-8;

/** Float64 twin of `adamStep.wgsl`: tensors of one shape. */
export function adamStep(
  x: NdArray<Float64Array>,
  gradient: NdArray<Float64Array>,
  rate: number,
): NdArray<Float64Array> {
  const moved = x.data.map((value, index) => {
    const slope = gradient.data[index];
    return value - rate * (slope / (Math.abs(slope) + EPSILON));
  });
  return ndarray(moved, [...x.shape]);
}
