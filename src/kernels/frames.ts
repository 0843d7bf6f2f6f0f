import { expectShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';

/** Frames (entries of the first axis) from ... from + count - 1 of a tensor, as a new tensor. */
export function sliceFrames(source: Tensor, from: number, count: number): Tensor {
  const frames = source.device.zeros([count, ...source.shape.slice(1)], source.dtype);
  source.device.updateRows(frames, 0, source, from, count);
  return frames;
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
