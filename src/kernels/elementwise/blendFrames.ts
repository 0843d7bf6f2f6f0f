import { ensure } from '../../errors.js';
import { u32 } from '../../tensor/device.js';
import { expectShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import * as reference from './blendFrames.twin.js';

/**
 * `coefficients[f][0] * a[f] + coefficients[f][1] * b[f]` for every frame f.
 * @param a, b [frames, ...]
 * @param coefficients one pair a frame
 */
export function blendFrames(a: Tensor, b: Tensor, coefficients: readonly (readonly [number, number])[]): Tensor {
  expectShape(b.shape, a.shape, 'blendFrames: second input');
  const frames = a.shape[0];
  ensure(coefficients.length === frames, `blendFrames: ${frames} frames need as many pairs of coefficients`);
  const table = a.device.upload(Float64Array.from(coefficients.flat()), [frames, 2]);
  return a.device.launch({
    kernel: 'blendFrames',
    reads: [a, b, table],
    output: a.shape,
    params: [u32(frames), u32(a.size / frames)],
    workgroups: Math.ceil(a.size / 64),
    twin: () => reference.blendFrames(a.host, b.host, table.host),
  });
}
