import { added, linear, type Residual } from '../../kernels/linear/linear.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { Linear } from './loadTensors.js';
import type { Tap } from './tap.js';

/** How the parts of a block end: their last layer, and their result added to the block's state. */
export interface BranchEnd {
  /** Both in one pass. */
  project(hidden: Tensor, layer: Linear): Tensor;
  /** The addition alone, for a result that was made in pieces. */
  add(branch: Tensor): Tensor;
}

/** @param tap is shown the result before its gate, under `name`; it then is a tensor of its own, in a pass of its own */
export function branchEnd(name: string, residual: Residual, tap?: Tap): BranchEnd {
  const add = (branch: Tensor) => {
    tap?.(name, branch);
    return added(branch, residual);
  };
  return {
    add,
    project: (hidden, { weight, bias }) =>
      tap ? add(linear(hidden, weight, bias)) : linear(hidden, weight, bias, { residual }),
  };
}
