import { ensure } from '../../errors.js';
import { rowwise, typeCode, u32 } from '../../tensor/device.js';
import { expectShape } from '../../tensor/shape.js';
import { bytesOf, type Tensor } from '../../tensor/tensor.js';
import * as reference from './relu.twin.js';

export interface ReluOptions {
  /** f32 of the same shape, added before. */
  readonly addend?: Tensor;
  /** What is made: f32, or f16 for a convolution that takes it; past its largest number it is that. */
  readonly type?: 'f32' | 'f16';
}

/**
 * `max(x + addend, 0)`.
 * @param x f32 [..., width]; for f16 the width is even
 */
export function relu(x: Tensor, { addend, type = 'f32' }: ReluOptions = {}): Tensor {
  if (addend) expectShape(addend.shape, x.shape, 'relu: addend');
  const width = x.shape[x.shape.length - 1] ?? 1;
  ensure(type === 'f32' || width % 2 === 0, `relu: rows of ${width} do not pack into words of two 16-bit values`);
  return x.device.launch({
    kernel: 'relu',
    reads: [x, addend ?? x],
    output: x.shape,
    outputType: type,
    overrides: { ADDS: addend ? 1 : 0, TO_TYPE: typeCode(type) },
    ...rowwise(x.size / width, [0, 1], (_, rows) => ({
      params: [u32(bytesOf(type, rows * width) / 4)],
      workgroups: Math.ceil(bytesOf(type, rows * width) / 4 / 1024),
    })),
    twin: () => reference.relu(x.host, addend?.host, type),
  });
}
