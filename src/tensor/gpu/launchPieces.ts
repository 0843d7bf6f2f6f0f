import { TokenTrimError } from '../../errors.js';
import type { KernelCall } from '../device.js';
import { formatShape } from '../shape.js';
import { bytesOf, type Tensor, tooLarge } from '../tensor.js';

/** A part of a tensor's buffer, in bytes. */
export interface BoundRange {
  readonly tensor: Tensor;
  readonly offset: number;
  readonly size: number;
}

/** One dispatch of a launch: its parameters, what is bound in order, the output last, and its part of the launch's work. */
export interface LaunchPiece extends Pick<KernelCall, 'params' | 'workgroups'> {
  readonly bindings: readonly BoundRange[];
  readonly share: number;
}

/** What a dispatch may be. */
export interface PieceLimits {
  /** Most bytes of one binding. */
  readonly maxBytes: number;
  /** Of the place in a buffer where a binding begins. */
  readonly alignment: number;
  /** Into how many pieces a launch is cut for the time that it takes, where it can be. */
  readonly pieces: number;
}

/** Kernels share rows out in tiles of up to so many: a cut between two tiles leaves none half empty. */
const TILE_ROWS = 64;

/**
 * A launch as it stands where everything it binds fits and it takes no longer than it may, else in pieces along its rows.
 * @param output the tensor that it writes
 * @throws TokenTrimError where a tensor that cannot be cut is too large for a binding
 */
export function cutLaunch(call: KernelCall, output: Tensor, limits: PieceLimits): LaunchPiece[] {
  const tensors = [...call.reads, output];
  const bytes = tensors.map((tensor) => bytesOf(tensor.dtype, tensor.size));
  const whole = (index: number) => ({ tensor: tensors[index], offset: 0, size: bytes[index] });
  const { params, workgroups, split } = call;
  const rowsAtOnce = rowsOfPiece(call, tensors, bytes, limits);
  if (!split || rowsAtOnce === undefined) {
    return [{ params, workgroups, bindings: tensors.map((_, index) => whole(index)), share: 1 }];
  }
  const isCut = cutBindings(call, tensors);
  const pieces: LaunchPiece[] = [];
  for (let first = 0; first < split.rows; first += rowsAtOnce) {
    const count = Math.min(rowsAtOnce, split.rows - first);
    const bindings = tensors.map((tensor, index) => {
      const size = bytes[index] / split.rows;
      return isCut(index) ? { tensor, offset: first * size, size: count * size } : whole(index);
    });
    pieces.push({ ...split.piece(first, count), bindings, share: count / split.rows });
  }
  return pieces;
}

/**
 * The largest part of a launch's work that one of its pieces has, and how many there are, without making them.
 * @throws TokenTrimError as `cutLaunch`
 */
export function countPieces(
  call: KernelCall,
  output: Tensor,
  limits: PieceLimits,
): { readonly pieces: number; readonly share: number } {
  const tensors = [...call.reads, output];
  const bytes = tensors.map((tensor) => bytesOf(tensor.dtype, tensor.size));
  const rowsAtOnce = rowsOfPiece(call, tensors, bytes, limits);
  if (!call.split || rowsAtOnce === undefined) return { pieces: 1, share: 1 };
  const { rows } = call.split;
  return { pieces: Math.ceil(rows / rowsAtOnce), share: rowsAtOnce / rows };
}

/** Rows of a piece, or undefined where the launch stays whole. */
function rowsOfPiece(
  call: KernelCall,
  tensors: readonly Tensor[],
  bytes: readonly number[],
  { maxBytes, alignment, pieces }: PieceLimits,
): number | undefined {
  const { split } = call;
  const isBound = bytes.every((size) => size <= maxBytes);
  if (isBound && (pieces === 1 || !split)) return undefined;
  const isCut = cutBindings(call, tensors);
  const refused = tensors.findIndex((_, index) => bytes[index] > maxBytes && !isCut(index));
  if (!split || refused >= 0) {
    throw new TokenTrimError(unbindable(call.kernel, tensors[refused], bytes[refused], maxBytes));
  }
  const rowBytes = bytes.filter((_, index) => isCut(index)).map((size) => size / split.rows);
  const unit = rowBytes.reduce((rows, size) => leastCommonMultiple(rows, alignedRows(size, alignment)), 1);
  const most = Math.floor(maxBytes / Math.max(...rowBytes) / unit) * unit;
  if (most === 0 || rowBytes.some((size) => size % 4 !== 0)) {
    if (isBound) return undefined;
    throw new TokenTrimError(unbindable(call.kernel, tensors[call.reads.length], bytes[call.reads.length], maxBytes));
  }
  const tile = leastCommonMultiple(unit, TILE_ROWS);
  const wanted = split.rows / pieces;
  const step = wanted >= tile ? tile : unit;
  const rows = Math.min(most, Math.max(1, Math.floor(wanted / step)) * step);
  return rows < split.rows ? rows : undefined;
}

/**
 * Which of what a launch binds is cut along its rows. A tensor that stands in for an absent input is bound again, and is cut
 * where it is cut.
 */
function cutBindings({ split, reads }: KernelCall, tensors: readonly Tensor[]): (index: number) => boolean {
  const storages = new Set(split?.reads.map((index) => reads[index].storage));
  return (index) => split !== undefined && (index === reads.length || storages.has(tensors[index].storage));
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
