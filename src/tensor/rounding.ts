import { bfloat16ToFloat32, float32ToBfloat16, float32ToHalf, halfToFloat32 } from './sixteenBit.js';
import type { DType } from './tensor.js';

/** Largest finite f16; kernels that narrow stop there. */
const MAX_HALF = 65504;

/** Values as they come back from a narrower type, f16 saturating; f32 keeps them in float64, as the twins do. */
export function roundedTo(values: Float64Array, dtype: DType): ArrayLike<number> {
  if (dtype === 'bf16') return bfloat16ToFloat32(float32ToBfloat16(Float32Array.from(values)));
  if (dtype !== 'f16') return values;
  const clamped = Float32Array.from(values, (value) => Math.min(Math.max(value, -MAX_HALF), MAX_HALF));
  return halfToFloat32(float32ToHalf(clamped));
}
