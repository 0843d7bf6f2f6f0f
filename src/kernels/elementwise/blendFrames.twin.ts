import ndarray, { type NdArray } from 'ndarray';

type Values = NdArray<Float64Array>;

/** Float64 twin of `blendFrames.wgsl`: a, b [frames, ...], coefficients [frames, 2]. */
export function blendFrames(a: Values, b: Values, coefficients: Values): Values {
  const frameSize = a.data.length / a.shape[0];
  const y = a.data.map((value, index) => {
    const frame = Math.floor(index / frameSize);
    return coefficients.get(frame, 0) * value + coefficients.get(frame, 1) * b.data[index];
  });
  return ndarray(y, [...a.shape]);
}
