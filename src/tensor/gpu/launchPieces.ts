import { ensure, TokenTrimError } from '../../errors.js';
import type { KernelCall } from '../device.js';
import { formatShape } from '../shape.js';
import { bytesOf, type Tensor, tooLarge } from '../tensor.js';

/** A part of a tensor's buffer, in bytes. */
export interface BoundRange {
  readonly tensor: Tensor;
  readonly offset: number;
  readonly size: number;
}

/** One dispatch of a launch: its parameters, and what is bound in order, the output last. */
export interface LaunchPiece extends Pick<KernelCall, 'params' | 'workgroups'> {
  readonly bindings: readonly BoundRange[];
}

/**
 * A launch as it stands where everything it binds fits, else in as many pieces as it takes along its rows.
 * @param output the tensor that it writes
 * @param maxBytes most that one binding may hold
 * @param alignment of the place in a buffer where a binding begins
 * @throws TokenTrimError where a tensor that cannot be cut is too large for a binding
 */
export function cutLaunch(call: KernelCall, output: Tensor, maxBytes: number, alignment: number): LaunchPiece[] {
  const tensors = [...call.reads, output];
  const bytes = tensors.map((tensor) => bytesOf(tensor.dtype, tensor.size));
  const whole = (index: number) => ({ tensor: tensors[index], offset: 0, size: bytes[index] });
  const { params, workgroups, split } = call;
  if (bytes.every((size) => size <= maxBytes)) {
    return [{ params, workgroups, bindings: tensors.map((_, index) => whole(index)) }];
  }
  // A tensor that stands in for an absent input is bound again, and is cut where it is cut.
  const cutStorages = new Set(split?.reads.map((index) => call.reads[index].storage));
  const isCut = (index: number) =>
    split !== undefined && (index === call.reads.length || cutStorages.has(tensors[index].storage));
  const refused = tensors.findIndex((_, index) => bytes[index] > maxBytes && !isCut(index));
  if (!split || refused >= 0) {
    throw new TokenTrimError(unbindable(call.kernel, tensors[refused], bytes[refused], maxBytes));
  }
  const cut = tensors.map((_, index) => index).filter(isCut);
  const rowBytes = new Map(cut.map((index) => [index, bytes[index] / split.rows]));
  const largest = Math.max(...rowBytes.values());
  const unit = [...rowBytes.values()].reduce(
    (rows, size) => leastCommonMultiple(rows, alignedRows(size, alignment)),
    1,
  );
  const rowsAtOnce = Math.floor(maxBytes / largest / unit) * unit;
  ensure(rowsAtOnce > 0 && [...rowBytes.values()].every((size) => size % 4 === 0), () =>
    unbindable(call.kernel, output, bytes[call.reads.length], maxBytes),
  );
  const pieces: LaunchPiece[] = [];
  for (let first = 0; first < split.rows; first += rowsAtOnce) {
    const count = Math.min(rowsAtOnce, split.rows - first);
    const bindings = tensors.map((tensor, index) => {
      const size = rowBytes.get(index);
      return size === undefined ? whole(index) : { tensor, offset: first * size, size: count * size };
    });
    pieces.push({ ...split.piece(first, count), bindings });
  }
  return pieces;
}

/** Splits workgroups over two dimensions where one is not enough; kernels rebuild the index and check its bound. */
export function gridOf(workgroups: number, limit: number): [number, number] {
  if (workgroups <= limit) return [workgroups, 1];
  const rows = Math.ceil(workgroups / limit);
  return [Math.ceil(workgroups / rows), rows];
}

/** How many rows of `size` bytes it takes until the next one begins on the alignment. */
function alignedRows(size: number, alignment: number): number {
  return alignment / greatestCommonDivisor(alignment, size);
}

function greatestCommonDivisor(left: number, right: number): number {
  return right === 0 ? left : greatestCommonDivisor(right, left % right);
}

function leastCommonMultiple(left: number, right: number): number {
  return (left / greatestCommonDivisor(left, right)) * right;
}

function unbindable(kernel: string, tensor: Tensor, bytes: number, maxBytes: number): string {
  const what = `${kernel}: a tensor ${formatShape(tensor.shape)} of ${tensor.dtype}`;
  return tooLarge(what, bytes, maxBytes, (most) => `${tensor.device.name} binds at most ${most} at a time`);
}
