import * as z from 'zod';
import type { Device, HostValues } from './device.js';
import { elementCount } from './shape.js';
import { type DType, Tensor } from './tensor.js';

/** A tensor's values on the host, as they are on the device: to the bit. */
export interface HostTensor {
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** Patterns of 16 bits (`Uint16Array`) for `bf16` and `f16`; numbers of 64 on the reference device, whatever the type. */
  readonly values: HostValues;
}

const ARRAYS = [Float32Array, Float64Array, Uint32Array, Uint16Array] as const;

/** @internal A tensor of a file that may hold anything. */
export const hostTensorSchema: z.ZodType<HostTensor> = z
  .strictObject({
    shape: z.array(z.int().positive()).max(8),
    dtype: z.enum(['f32', 'bf16', 'f16', 'u32']),
    values: z.custom<HostValues>((values) => ARRAYS.some((type) => values instanceof type)),
  })
  .refine(({ shape, dtype, values }) => {
    const expected = dtype === 'u32' ? Uint32Array : dtype === 'f32' ? Float32Array : Uint16Array;
    const isOfType = values instanceof expected || (values instanceof Float64Array && dtype !== 'u32');
    return isOfType && values.length === elementCount(shape);
  });

/** Waits for the device and copies a tensor, of any type, to the host. */
export async function readHost(tensor: Tensor): Promise<HostTensor> {
  const { device, shape, dtype } = tensor;
  return { shape: [...shape], dtype, values: await valuesOf(device, tensor) };
}

async function valuesOf(device: Device, tensor: Tensor): Promise<HostValues> {
  const { dtype, size, storage } = tensor;
  if (dtype === 'u32') return device.readIndices(tensor);
  if (dtype === 'f32' || device.kind === 'reference') return device.read(tensor);
  const words = await device.readIndices(new Tensor(device, [Math.ceil(size / 2)], 'u32', storage));
  return new Uint16Array(words.buffer, words.byteOffset, size);
}

/** The tensor again. */
export function uploadHost(device: Device, { shape, dtype, values }: HostTensor): Tensor {
  return device.upload(values, shape, dtype);
}
