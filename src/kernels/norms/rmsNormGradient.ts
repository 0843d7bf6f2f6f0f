import { f32, rowwise, u32 } from '../../tensor/device.js';
import { expectShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import * as reference from './rmsNormGradient.twin.js';

/**
 * The gradient with respect to `x` of `rmsNorm(x, weight, eps)`, from that with respect to its result.
 * @param x [rows, width]
 * @param weight [width]
 * @param cotangent [rows, width]
 * @returns [rows, width]
 */
export function rmsNormGradient(x: Tensor, weight: Tensor, eps: number, cotangent: Tensor): Tensor {
  expectShape(x.shape, ['any', 'any'], 'rmsNormGradient: x');
  const [rows, width] = x.shape;
  expectShape(weight.shape, [width], 'rmsNormGradient: weight');
  expectShape(cotangent.shape, [rows, width], 'rmsNormGradient: cotangent');
  return x.device.launch({
    kernel: 'rmsNormGradient',
    reads: [x, weight, cotangent],
    output: [rows, width],
    ...rowwise(rows, [0, 2], (_, count) => ({
      params: [u32(count), u32(width), f32(eps)],
      workgroups: count,
    })),
    twin: () => reference.rmsNormGradient(x.host, weight.host, eps, cotangent.host),
  });
}
