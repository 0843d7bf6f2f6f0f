import type { NdArray } from 'ndarray';

type Values = NdArray<Float64Array>;

/** Float64 twin of `updateSum.wgsl`: adds x to sum, in place. */
export function updateSum(sum: Values, x: Values): Values {
  for (let index = 0; index < sum.data.length; index++) sum.data[index] += x.data[index];
  return sum;
}
