import ndarray, { type NdArray } from 'ndarray';
import { roundedTo } from '../../tensor/sixteenBit.js';

type Values = NdArray<Float64Array>;

/** Float64 twin of `joinChannels.wgsl`: every pixel of a, then the same pixel of b. */
export function joinChannels(a: Values, b: Values, type: 'f32' | 'f16'): Values {
  const [left, right] = [a, b].map(({ shape }) => shape[shape.length - 1]);
  const pixels = a.data.length / left;
  const y = new Float64Array(pixels * (left + right));
  for (let pixel = 0; pixel < pixels; pixel++) {
    y.set(a.data.subarray(pixel * left, (pixel + 1) * left), pixel * (left + right));
    y.set(b.data.subarray(pixel * right, (pixel + 1) * right), pixel * (left + right) + left);
  }
  return ndarray(new Float64Array(roundedTo(y, type)), [...a.shape.slice(0, -1), left + right]);
}
