import { ensure } from '../../errors.js';
import { rowwise, typeCode, u32 } from '../../tensor/device.js';
import { expectShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { Form } from '../forms/form.js';
import { CONV2D_CLASSES, convForm } from './convForm.js';
import * as reference from './convs.twin.js';

export interface Conv2dOptions {
  /** Enlarge the input by repeating each pixel this many times both ways, without storing the larger picture. */
  readonly scale?: 1 | 2;
  /** Pictures that lie side by side in the channels of one frame; they become consecutive frames. */
  readonly parts?: number;
  /** 2 makes every second row and column. */
  readonly stride?: 1 | 2;
  /** Where zeros lie with a stride of 2: on the right and at the bottom only, as Wan's encoder halves, or all around. */
  readonly zeros?: 'after' | 'around';
  /** The form of the kernel, for tests; the best for the device where absent. */
  readonly form?: Form;
}

/**
 * A 3x3 convolution of every frame with one pixel of zeros around it, after nearest-neighbour enlargement if asked for.
 * Source: Wan-Video/Wan2.1 wan/modules/vae.py Resample (nearest-exact upsampling; ZeroPad2d((0, 1, 0, 1)) and stride 2).
 * @param x [frames, height, width, parts * inChannels], f32 or packed 16-bit
 * @param weight [outChannels, 3, 3, inChannels], f32 or packed 16-bit
 * @param bias [outChannels]
 * @returns f32 [frames * parts, height * scale / stride, width * scale / stride, outChannels], halves rounded down
 */
export function conv2d(x: Tensor, weight: Tensor, bias: Tensor, options: Conv2dOptions = {}): Tensor {
  const { scale = 1, parts = 1, stride = 1, zeros = 'after' } = options;
  const padding = stride === 2 && zeros === 'after' ? 0 : 1;
  expectShape(x.shape, ['any', 'any', 'any', 'any'], 'conv2d: x');
  const [frames, height, width, channels] = x.shape;
  const inChannels = channels / parts;
  ensure(Number.isInteger(inChannels), `conv2d: ${channels} channels do not split into ${parts} pictures`);
  expectShape(weight.shape, ['any', 3, 3, inChannels], 'conv2d: weight');
  const outChannels = weight.shape[0];
  expectShape(bias.shape, [outChannels], 'conv2d: bias');
  const [outHeight, outWidth] = [height, width].map((size) => Math.floor((size * scale) / stride));
  ensure(outHeight > 0 && outWidth > 0, `conv2d: a picture of ${width}x${height} cannot be halved`);
  const rows = frames * parts * outHeight;
  const size = { height: outHeight, width: outWidth, inChannels, outChannels };
  const chosen = convForm(x.device, CONV2D_CLASSES, { weight: weight.dtype, input: x.dtype }, size, options.form);
  return x.device.launch({
    kernel: chosen.kernel,
    reads: [x, weight, bias],
    output: [frames * parts, outHeight, outWidth, outChannels],
    overrides: {
      ...chosen.overrides,
      WEIGHT_TYPE: typeCode(weight.dtype),
      SCALE: scale,
      STRIDE: stride,
      PADDING: padding,
    },
    operations: 2 * rows * outWidth * weight.size,
    ...rowwise(rows, [], (first, count) => ({
      params: [u32(first), u32(count), u32(height), u32(width), u32(parts), u32(inChannels), u32(outChannels)],
      workgroups: chosen.workgroups(first, count),
    })),
    twin: () => reference.conv2d(x.host, weight.host, bias.host, { scale, stride, padding }),
  });
}
