import { ensure } from '../../errors.js';
import { rowwise, u32 } from '../../tensor/device.js';
import { expectShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import * as reference from './updateSum.twin.js';

/**
 * Adds `x` to `sum`, in place.
 * @param sum f32, any shape
 * @param x f32 of the same shape, another tensor
 */
export function updateSum(sum: Tensor, x: Tensor): void {
  expectShape(x.shape, sum.shape, 'updateSum: x');
  ensure(x.storage !== sum.storage, 'updateSum: a tensor cannot be added to itself in place');
  const width = sum.shape[sum.shape.length - 1] ?? 1;
  sum.device.launch({
    kernel: 'updateSum',
    reads: [x],
    output: sum,
    ...rowwise(sum.size / width, [0], (_, rows) => ({
      params: [u32(rows * width)],
      workgroups: Math.ceil((rows * width) / 64),
    })),
    twin: () => reference.updateSum(sum.host, x.host),
  });
}
