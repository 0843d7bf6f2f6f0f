import type { NdArray } from 'ndarray';
import type { DType } from '../../tensor/tensor.js';
import { cast } from '../elementwise/cast.twin.js';
import { rope } from '../rope/rope.twin.js';
import { rmsNorm } from './rmsNorm.twin.js';

/**
 * Float64 twin of `rmsNormRope.wgsl` and `rmsNormRope.subgroup.wgsl`: x [tokens, width], weight [width], entries and grid as
 * for `rope`.
 */
export function rmsNormRope(
  x: NdArray<Float64Array>,
  weight: NdArray<Float64Array>,
  eps: number,
  entries: NdArray<Float64Array>,
  grid: Parameters<typeof rope>[2],
  heads: number,
  dtype: DType,
): NdArray<Float64Array> {
  return cast(rope(rmsNorm(x, weight, eps), entries, grid, heads), dtype);
}
