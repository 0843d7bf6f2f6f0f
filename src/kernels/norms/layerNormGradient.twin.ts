import ndarray, { type NdArray } from 'ndarray';

type Values = NdArray<Float64Array>;

/**
 * Float64 twin of `layerNormGradient.wgsl`: x, cotangent [rows, width], affine [groups, chunks, width]; a group is
 * rows/groups rows.
 */
export function layerNormGradient(
  x: Values,
  affine: Values,
  chunk: { scale: number; offset: number },
  eps: number,
  cotangent: Values,
): Values {
  const [rows, width] = x.shape;
  const rowsPerGroup = rows / affine.shape[0];
  const y = new Float64Array(rows * width);
  for (let row = 0; row < rows; row++) {
    const group = Math.floor(row / rowsPerGroup);
    let mean = 0;
    for (let i = 0; i < width; i++) mean += x.get(row, i) / width;
    let variance = 0;
    for (let i = 0; i < width; i++) variance += (x.get(row, i) - mean) ** 2 / width;
    const scale = 1 / Math.sqrt(variance + eps);
    const normed = (i: number) => (x.get(row, i) - mean) * scale;
    const inner = (i: number) => cotangent.get(row, i) * (chunk.offset + affine.get(group, chunk.scale, i));
    let common = 0; // what would move the mean
    let along = 0; // what would change the variance
    for (let i = 0; i < width; i++) {
      common += inner(i) / width;
      along += (inner(i) * normed(i)) / width;
    }
    for (let i = 0; i < width; i++) y[row * width + i] = scale * (inner(i) - common - normed(i) * along);
  }
  return ndarray(y, [rows, width]);
}
