import ndarray, { type NdArray } from 'ndarray';

type Values = NdArray<Float64Array>;

/** Float64 twin of `rmsNormGradient.wgsl`: x, cotangent [rows, width], weight [width]. */
export function rmsNormGradient(x: Values, weight: Values, eps: number, cotangent: Values): Values {
  const [rows, width] = x.shape;
  const y = new Float64Array(rows * width);
  for (let row = 0; row < rows; row++) {
    let squares = 0;
    let along = 0; // how much of the gradient changes the row's length
    for (let i = 0; i < width; i++) {
      squares += x.get(row, i) ** 2;
      along += x.get(row, i) * weight.get(i) * cotangent.get(row, i);
    }
    const scale = 1 / Math.sqrt(squares / width + eps);
    for (let i = 0; i < width; i++) {
      const straight = scale * weight.get(i) * cotangent.get(row, i);
      y[row * width + i] = straight - (scale ** 3 * x.get(row, i) * along) / width;
    }
  }
  return ndarray(y, [rows, width]);
}
