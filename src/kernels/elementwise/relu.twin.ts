import ndarray, { type NdArray } from 'ndarray';
import { roundedTo } from '../../tensor/sixteenBit.js';

type Values = NdArray<Float64Array>;

/** Float64 twin of `relu.wgsl`: max(x + addend, 0), rounded where it is made in f16. */
export function relu(x: Values, addend: Values | undefined, type: 'f32' | 'f16'): Values {
  const y = x.data.map((value, index) => Math.max(value + (addend?.data[index] ?? 0), 0));
  return ndarray(new Float64Array(roundedTo(y, type)), [...x.shape]);
}
