import { rowwise, typeCode, u32 } from '../../tensor/device.js';
import type { DType, Tensor } from '../../tensor/tensor.js';
import { bytesOf } from '../../tensor/tensor.js';
import * as reference from './cast.twin.js';

/**
 * The same values in another type. Narrowing rounds to the nearest; what f16 cannot hold becomes its largest number, so
 * that one value out of range does not make a whole attention infinite. Its gradient passes straight through: what rounding
 * does is taken for noise.
 * @param x f32, bf16 or f16, any shape
 */
export function cast(x: Tensor, dtype: Exclude<DType, 'u32'>): Tensor {
  if (x.dtype === dtype) return x;
  const width = x.shape[x.shape.length - 1] ?? 1;
  return x.device.launch({
    kernel: 'cast',
    reads: [x],
    output: x.shape,
    outputType: dtype,
    overrides: { FROM_TYPE: typeCode(x.dtype), TO_TYPE: typeCode(dtype) },
    ...rowwise(x.size / width, [0], (_, rows) => ({
      params: [u32(rows * width)],
      workgroups: Math.ceil(bytesOf(dtype, rows * width) / 4 / 1024),
    })),
    twin: () => reference.cast(x.host, dtype),
    backward: { keeps: [], gradients: (cotangent) => [[x, cotangent]] },
  });
}
