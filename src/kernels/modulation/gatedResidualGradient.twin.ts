import ndarray, { type NdArray } from 'ndarray';

type Values = NdArray<Float64Array>;

/** Float64 twin of `gatedResidualGradient.wgsl`: cotangent [rows, width], modulation [frames, chunks, width]. */
export function gatedResidualGradient(cotangent: Values, modulation: Values, gateChunk: number): Values {
  const [rows, width] = cotangent.shape;
  const rowsPerFrame = rows / modulation.shape[0];
  const y = ndarray(new Float64Array(rows * width), [rows, width]);
  for (let row = 0; row < rows; row++) {
    const frame = Math.floor(row / rowsPerFrame);
    for (let i = 0; i < width; i++) y.set(row, i, cotangent.get(row, i) * modulation.get(frame, gateChunk, i));
  }
  return y;
}
