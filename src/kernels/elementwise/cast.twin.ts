import ndarray, { type NdArray } from 'ndarray';
import { roundedTo } from '../../tensor/sixteenBit.js';
import type { DType } from '../../tensor/tensor.js';

/** Float64 twin of `cast.wgsl`: the values as they come back from a narrower type; f32 keeps them as they are. */
export function cast(x: NdArray<Float64Array>, dtype: DType): NdArray<Float64Array> {
  return ndarray(new Float64Array(roundedTo(x.data, dtype)), [...x.shape]);
}
