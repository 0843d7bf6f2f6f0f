import { ensure } from '../errors.js';
import { u32 } from '../tensor/device.js';
import { expectShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { weightType } from './linear.js';
import * as reference from './reference/convs.js';

/** Output columns and channels that one invocation makes. */
const STRIP = 8;
const CHANNELS = 4;

export interface Conv2dOptions {
  /** Enlarge the input by repeating each pixel this many times both ways, without storing the larger picture. */
  readonly scale?: 1 | 2;
  /** Pictures that lie side by side in the channels of one frame; they become consecutive frames. */
  readonly parts?: number;
}

/**
 * A 3x3 convolution of every frame with one pixel of zeros around it, after nearest-neighbour enlargement if asked for.
 * @param x [frames, height, width, parts * inChannels]
 * @param weight [outChannels, 3, 3, inChannels], f32 or packed 16-bit
 * @param bias [outChannels]
 * @returns [frames * parts, height * scale, width * scale, outChannels]
 */
export function conv2d(x: Tensor, weight: Tensor, bias: Tensor, options: Conv2dOptions = {}): Tensor {
  const { scale = 1, parts = 1 } = options;
  expectShape(x.shape, ['any', 'any', 'any', 'any'], 'conv2d: x');
  const [frames, height, width, channels] = x.shape;
  const inChannels = channels / parts;
  ensure(Number.isInteger(inChannels), `conv2d: ${channels} channels do not split into ${parts} pictures`);
  expectShape(weight.shape, ['any', 3, 3, inChannels], 'conv2d: weight');
  const outChannels = weight.shape[0];
  expectShape(bias.shape, [outChannels], 'conv2d: bias');
  const output = [frames * parts, height * scale, width * scale, outChannels];
  const invocations = output[0] * output[1] * Math.ceil(output[2] / STRIP) * Math.ceil(outChannels / CHANNELS);
  return x.device.launch({
    kernel: 'conv2d',
    reads: [x, weight, bias],
    output,
    params: [u32(frames), u32(height), u32(width), u32(parts), u32(inChannels), u32(outChannels)],
    overrides: { WEIGHT_TYPE: weightType(weight.dtype), SCALE: scale },
    workgroups: Math.ceil(invocations / 64),
    twin: () => reference.conv2d(x.host, weight.host, bias.host, scale),
  });
}
