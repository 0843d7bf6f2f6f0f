import ndarray, { type NdArray } from 'ndarray';

/** Twin of `largestMagnitude.wgsl`: the largest |x| of each run, the last of them shorter; NaN counts as more than infinity. */
export function largestMagnitude(x: ArrayLike<number>, run: number): NdArray<Float64Array> {
  const largest = new Float64Array(Math.ceil(x.length / run));
  for (let index = 0; index < x.length; index++) {
    const at = Math.floor(index / run);
    const size = Math.abs(x[index]);
    if (!Number.isNaN(largest[at]) && !(size <= largest[at])) largest[at] = size;
  }
  return ndarray(largest, [largest.length]);
}
