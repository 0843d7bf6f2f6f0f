import ndarray, { type NdArray } from 'ndarray';

/**
 * Float64 twin of `layerNorm.wgsl` and `layerNorm.subgroup.wgsl`: x [rows, width], affine [groups, chunks, width]; a group
 * is rows/groups rows.
 */
export function layerNorm(
  x: NdArray<Float64Array>,
  affine: NdArray<Float64Array>,
  chunk: { shift: number; scale: number; offset: number },
  eps: number,
): NdArray<Float64Array> {
  const [rows, width] = x.shape;
  const rowsPerGroup = rows / affine.shape[0];
  const y = new Float64Array(rows * width);
  for (let row = 0; row < rows; row++) {
    const group = Math.floor(row / rowsPerGroup);
    let mean = 0;
    for (let i = 0; i < width; i++) mean += x.get(row, i) / width;
    let variance = 0;
    for (let i = 0; i < width; i++) variance += (x.get(row, i) - mean) ** 2 / width;
    for (let i = 0; i < width; i++) {
      const normed = (x.get(row, i) - mean) / Math.sqrt(variance + eps);
      y[row * width + i] =
        normed * (chunk.offset + affine.get(group, chunk.scale, i)) + affine.get(group, chunk.shift, i);
    }
  }
  return ndarray(y, [rows, width]);
}
