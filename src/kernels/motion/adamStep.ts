import { f32, rowwise, u32 } from '../../tensor/device.js';
import { expectShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import * as reference from './adamStep.twin.js';

/**
 * The first step of Adam (arXiv 1412.6980) down a gradient: as its moments are new, x - rate * g / (|g| + 1e-8). It moves
 * every element by nearly the rate, so where the gradient is near zero, rounding decides which way.
 * @param x f32, any shape
 * @param gradient f32 of the same shape
 */
export function adamStep(x: Tensor, gradient: Tensor, rate: number): Tensor {
  expectShape(gradient.shape, x.shape, 'adamStep: gradient');
  const width = x.shape.at(-1) ?? 1;
  return x.device.launch({
    kernel: 'adamStep',
    reads: [x, gradient],
    output: x.shape,
    ...rowwise(x.size / width, [0, 1], (_, rows) => ({
      params: [u32(rows * width), f32(rate)],
      workgroups: Math.ceil((rows * width) / 64),
    })),
    twin: () => reference.adamStep(x.host, gradient.host, rate),
  });
}
