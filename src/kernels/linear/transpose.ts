import { rowwise, typeCode, u32 } from '../../tensor/device.js';
import { expectShape } from '../../tensor/shape.js';
import type { FloatType, Tensor } from '../../tensor/tensor.js';
import { cast } from '../elementwise/cast.js';
import * as reference from './transpose.twin.js';

/** Columns of `x` that a workgroup makes rows of, and rows that it makes columns of. */
const TILE = 32;

/**
 * Rows as columns, of the same type.
 * @param x [rows, columns], f32, bf16 or f16
 * @returns [columns, rows]
 */
export function transpose(x: Tensor): Tensor {
  expectShape(x.shape, ['any', 'any'], 'transpose: x');
  const [rows, columns] = x.shape;
  const dtype = x.dtype as FloatType;
  // Two values of 16 bits to a word: those of an odd row would begin within one.
  if (dtype !== 'f32' && rows % 2 === 1) return x.device.scope(() => cast(transpose(cast(x, 'f32')), dtype));
  return x.device.launch({
    kernel: 'transpose',
    reads: [x],
    output: [columns, rows],
    outputType: dtype,
    overrides: { IS_PACKED: typeCode(dtype, 'transpose: x') > 0 ? 1 : 0 },
    ...rowwise(columns, [], (first, count) => ({
      params: [u32(rows), u32(columns), u32(first), u32(count)],
      workgroups: Math.ceil(count / TILE) * Math.ceil(rows / TILE),
    })),
    twin: () => reference.transpose(x.host),
  });
}
