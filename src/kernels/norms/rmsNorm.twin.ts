import ndarray, { type NdArray } from 'ndarray';

/** Float64 twin of `rmsNorm.wgsl` and `rmsNorm.subgroup.wgsl`: x [rows, width], weight [width]. */
export function rmsNorm(x: NdArray<Float64Array>, weight: NdArray<Float64Array>, eps: number): NdArray<Float64Array> {
  const [rows, width] = x.shape;
  const y = new Float64Array(rows * width);
  for (let row = 0; row < rows; row++) {
    let squares = 0;
    for (let i = 0; i < width; i++) squares += x.get(row, i) ** 2;
    const scale = 1 / Math.sqrt(squares / width + eps);
    for (let i = 0; i < width; i++) y[row * width + i] = x.get(row, i) * scale * weight.get(i);
  }
  return ndarray(y, [rows, width]);
}
