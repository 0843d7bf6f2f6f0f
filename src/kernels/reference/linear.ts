import ndarray, { type NdArray } from 'ndarray';

/** Float64 twin of `linear.wgsl`, `linear.tiled.wgsl` and `linear.subgroup.wgsl`: x [rows, inFeatures] · weight [outFeatures, inFeatures]ᵀ + bias [outFeatures]. */
export function linear(
  x: NdArray<Float64Array>,
  weight: NdArray<Float64Array>,
  bias?: NdArray<Float64Array>,
): NdArray<Float64Array> {
  const [rows, inFeatures] = x.shape;
  const outFeatures = weight.shape[0];
  const y = new Float64Array(rows * outFeatures);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < outFeatures; column++) {
      let sum = bias ? bias.data[column] : 0;
      for (let k = 0; k < inFeatures; k++) {
        sum += x.data[row * inFeatures + k] * weight.data[column * inFeatures + k];
      }
      y[row * outFeatures + column] = sum;
    }
  }
  return ndarray(y, [rows, outFeatures]); // [rows, outFeatures]
}
