import { expectShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';

/** Frames (entries of the first axis) from ... from + count - 1 of a tensor, as a new tensor. */
export function sliceFrames(source: Tensor, from: number, count: number): Tensor {
  const frames = source.device.zeros([count, ...source.shape.slice(1)], source.dtype);
  source.device.updateRows(frames, 0, source, from, count);
  return frames;
}

/**
 * A function of single rows, applied to pieces of at most `rowsAtOnce` rows: what it makes on the way is no larger than
 * that takes.
 * @param x [rows, ...]
 */
export function mapRows(x: Tensor, rowsAtOnce: number, body: (piece: Tensor) => Tensor): Tensor {
  const { device } = x;
  const rows = x.shape[0];
  if (rows <= rowsAtOnce) return body(x);
  let joined: Tensor | undefined;
  for (let from = 0; from < rows; from += rowsAtOnce) {
    const count = Math.min(rowsAtOnce, rows - from);
    const piece = device.scope(() => body(sliceFrames(x, from, count)));
    joined ??= device.zeros([rows, ...piece.shape.slice(1)], piece.dtype);
    device.updateRows(joined, from, piece, 0, count);
    piece.dispose();
  }
  return joined as Tensor;
}

/** Several runs of frames one after the other, as a new tensor. */
export function concatFrames(parts: readonly Tensor[]): Tensor {
  const [first] = parts;
  const count = parts.reduce((frames, part) => frames + part.shape[0], 0);
  const joined = first.device.zeros([count, ...first.shape.slice(1)], first.dtype);
  let at = 0;
  for (const part of parts) {
    expectShape(part.shape.slice(1), first.shape.slice(1), 'concatFrames: a frame');
    first.device.updateRows(joined, at, part, 0, part.shape[0]);
    at += part.shape[0];
  }
  return joined;
}
