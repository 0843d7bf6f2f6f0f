import { f32, rowwise, u32 } from '../../tensor/device.js';
import { expectShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { Form } from '../forms/form.js';
import * as reference from './rmsNorm.twin.js';
import { rmsNormGradient } from './rmsNormGradient.js';
import { RMS_NORM_CLASSES, rowForm } from './rowForm.js';

/**
 * Root-mean-square norm over the last axis. In Wan's attention it spans all heads together, before the head split.
 * @param x [rows, width]
 * @param weight [width]
 * @param form the form of the kernel, for tests; the best for the device where absent
 * @returns [rows, width]
 */
export function rmsNorm(x: Tensor, weight: Tensor, eps: number, form?: Form): Tensor {
  expectShape(x.shape, ['any', 'any'], 'rmsNorm: x');
  const [rows, width] = x.shape;
  expectShape(weight.shape, [width], 'rmsNorm: weight');
  const { kernel, overrides, rowsAtOnce } = rowForm(x.device, RMS_NORM_CLASSES, width, form);
  return x.device.launch({
    kernel,
    overrides,
    reads: [x, weight],
    output: [rows, width],
    ...rowwise(rows, [0], (_, count) => ({
      params: [u32(count), u32(width), f32(eps)],
      workgroups: Math.ceil(count / rowsAtOnce),
    })),
    twin: () => reference.rmsNorm(x.host, weight.host, eps),
    backward: {
      keeps: [x, weight],
      gradients: (cotangent) => [[x, rmsNormGradient(x, weight, eps, cotangent)]],
    },
  });
}
