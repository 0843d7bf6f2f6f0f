import ndarray, { type NdArray } from 'ndarray';

/** Twin of `firstNotFinite.wgsl`: x [rows * elements], runs of so many elements, the last of a row shorter. */
export function firstNotFinite(
  x: ArrayLike<number>,
  { rows, elements, runs, runElements }: { rows: number; elements: number; runs: number; runElements: number },
): NdArray<Float64Array> {
  const found = new Float64Array(rows * runs).fill(-1);
  for (let row = 0; row < rows; row++) {
    for (let element = elements - 1; element >= 0; element--) {
      if (Number.isFinite(x[row * elements + element])) continue;
      found[row * runs + Math.floor(element / runElements)] = element % runElements;
    }
  }
  return ndarray(found, [rows, runs]);
}
