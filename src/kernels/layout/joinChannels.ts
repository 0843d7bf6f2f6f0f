import { ensure } from '../../errors.js';
import { rowwise, typeCode, u32 } from '../../tensor/device.js';
import { expectShape } from '../../tensor/shape.js';
import { bytesOf, type Tensor } from '../../tensor/tensor.js';
import * as reference from './joinChannels.twin.js';

/**
 * Two pictures of a size as one with the channels of both: those of `a`, then those of `b`.
 * @param a f32 [..., channels]
 * @param b f32 [..., channels], otherwise of the same shape
 * @param type what is made: f32, or f16 where both have an even number of channels
 */
export function joinChannels(a: Tensor, b: Tensor, type: 'f32' | 'f16' = 'f32'): Tensor {
  const [left, right] = [a, b].map(({ shape }) => shape[shape.length - 1]);
  expectShape(b.shape, [...a.shape.slice(0, -1), 'any'], 'joinChannels: b');
  ensure(
    type === 'f32' || (left % 2 === 0 && right % 2 === 0),
    `joinChannels: ${left} and ${right} channels do not pack into words of two 16-bit values`,
  );
  const pixels = a.size / left;
  return a.device.launch({
    kernel: 'joinChannels',
    reads: [a, b],
    output: [...a.shape.slice(0, -1), left + right],
    outputType: type,
    overrides: { TO_TYPE: typeCode(type) },
    ...rowwise(pixels, [0, 1], (_, rows) => ({
      params: [u32(bytesOf(type, rows * (left + right)) / 4), u32(left), u32(right)],
      workgroups: Math.ceil(bytesOf(type, rows * (left + right)) / 4 / 1024),
    })),
    twin: () => reference.joinChannels(a.host, b.host, type),
  });
}
