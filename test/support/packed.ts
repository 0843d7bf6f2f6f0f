import fc from 'fast-check';
import type { Device } from '../../src/tensor/device.js';
import type { Shape } from '../../src/tensor/shape.js';
import { bfloat16ToFloat32, float32ToBfloat16, float32ToHalf, halfToFloat32 } from '../../src/tensor/sixteenBit.js';
import type { Tensor } from '../../src/tensor/tensor.js';

/** A type that kernels read values in. */
export type FloatType = 'f32' | 'bf16' | 'f16';
export const floatTypes = fc.constantFrom<FloatType[]>('f32', 'bf16', 'f16');

/** Values rounded to a type and uploaded in it; `widened` uploads the rounded values in f32 in its place. */
export function typedTensor(on: Device, values: Float32Array, shape: Shape, dtype: FloatType, widened = false): Tensor {
  if (dtype === 'f32') return on.upload(values, shape);
  const bits = dtype === 'bf16' ? float32ToBfloat16(values) : float32ToHalf(values);
  if (!widened) return on.upload(bits, shape, dtype);
  return on.upload(dtype === 'bf16' ? bfloat16ToFloat32(bits) : halfToFloat32(bits), shape);
}
