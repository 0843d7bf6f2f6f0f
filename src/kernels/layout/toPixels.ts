import { u32 } from '../../tensor/device.js';
import { expectShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import * as reference from './toPixels.twin.js';

/**
 * What the VAE puts out as 8-bit RGBA, the bytes r, g, b, 255 of a pixel packed into one word; 0, the last byte too, for a
 * pixel that holds NaN or infinity.
 * Source: guandeh17/Self-Forcing pipeline/causal_inference.py (x * 0.5 + 0.5, clamped) and inference.py (times 255, then
 * uint8, which cuts fractions off).
 * @param x [frames, height, width, 3], about -1 to 1
 * @returns u32 [frames, height, width]
 */
export function toPixels(x: Tensor): Tensor {
  expectShape(x.shape, ['any', 'any', 'any', 3], 'toPixels: x');
  const [frames, height, width] = x.shape;
  const pixels = frames * height * width;
  return x.device.launch({
    kernel: 'toPixels',
    reads: [x],
    output: [frames, height, width],
    outputType: 'u32',
    params: [u32(pixels)],
    workgroups: Math.ceil(pixels / 64),
    twin: () => reference.toPixels(x.host),
  });
}
