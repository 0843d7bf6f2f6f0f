import ndarray, { type NdArray } from 'ndarray';
import { roundedTo } from '../../tensor/sixteenBit.js';
import type { DType } from '../../tensor/tensor.js';

/** Float64 twin of `channelNorm.wgsl` and `channelNorm.subgroup.wgsl`: x [..., channels], gamma [channels]. */
export function channelNorm(
  x: NdArray<Float64Array>,
  gamma: NdArray<Float64Array>,
  silu: boolean,
  type: DType = 'f32',
): NdArray<Float64Array> {
  const channels = gamma.shape[0];
  const [values, gammas] = [x.data, gamma.data];
  const y = new Float64Array(values.length);
  for (let start = 0; start < y.length; start += channels) {
    let squares = 0;
    for (let c = 0; c < channels; c++) squares += values[start + c] ** 2;
    const scale = Math.sqrt(channels) / Math.max(Math.sqrt(squares), 1e-12);
    for (let c = 0; c < channels; c++) {
      const value = values[start + c] * scale * gammas[c];
      y[start + c] = silu ? value / (1 + Math.exp(-value)) : value;
    }
  }
  return ndarray(new Float64Array(roundedTo(y, type)), [...x.shape]);
}
