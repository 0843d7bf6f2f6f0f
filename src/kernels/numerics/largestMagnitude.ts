import { ensure } from '../../errors.js';
import { typeCode, u32 } from '../../tensor/device.js';
import type { Tensor } from '../../tensor/tensor.js';
import * as reference from './largestMagnitude.twin.js';

/** Elements that one workgroup looks at. */
const RUN = 16384;

/**
 * The largest |x| of all elements; NaN where one is NaN.
 * @param x of numbers, any shape
 * @returns [1] f32
 */
export function largestMagnitude(x: Tensor): Tensor {
  ensure(x.dtype !== 'u32', 'largestMagnitude: expected a tensor of numbers, found one of indices (u32)');
  return x.device.scope(() => {
    let found = largestOfRuns(x);
    while (found.size > 1) found = largestOfRuns(found);
    return found;
  });
}

function largestOfRuns(x: Tensor): Tensor {
  const runs = Math.ceil(x.size / RUN);
  return x.device.launch({
    kernel: 'largestMagnitude',
    reads: [x],
    output: [runs],
    overrides: { X_TYPE: typeCode(x.dtype) },
    params: [u32(x.size)],
    workgroups: runs,
    twin: () => reference.largestMagnitude(x.host.data, RUN),
  });
}
