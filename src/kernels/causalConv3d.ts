import { ensure } from '../errors.js';
import { u32 } from '../tensor/device.js';
import { expectShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { weightType } from './linear.js';
import * as reference from './reference/convs.js';

/** Output columns and channels that one invocation makes. */
const STRIP = 8;
const CHANNELS = 4;

/** Input frames that the causal convolutions look back: their kernels span three frames. */
export const HISTORY_FRAMES = 2;

/**
 * A 3D convolution that looks back in time only, over frames that come piece by piece: `history` holds the two input
 * frames before `x` (zeros before a video begins), in whose place PyTorch's causal padding puts zeros.
 * Source: Wan-Video/Wan2.1 wan/modules/vae.py CausalConv3d.
 * @param x [frames, height, width, inChannels]
 * @param history [2, height, width, inChannels]
 * @param weight [outChannels, 3, kernel, kernel, inChannels], kernel 3 or 1; f32 or packed 16-bit
 * @param bias [outChannels]
 * @returns [frames, height, width, outChannels]
 */
export function causalConv3d(x: Tensor, history: Tensor, weight: Tensor, bias: Tensor): Tensor {
  expectShape(x.shape, ['any', 'any', 'any', 'any'], 'causalConv3d: x');
  const [frames, height, width, inChannels] = x.shape;
  expectShape(history.shape, [HISTORY_FRAMES, height, width, inChannels], 'causalConv3d: history');
  const kernel = weight.shape[2];
  ensure(kernel === 3 || kernel === 1, `causalConv3d: spatial kernels of 3 or 1 are supported, found ${kernel}`);
  expectShape(weight.shape, ['any', HISTORY_FRAMES + 1, kernel, kernel, inChannels], 'causalConv3d: weight');
  const outChannels = weight.shape[0];
  expectShape(bias.shape, [outChannels], 'causalConv3d: bias');
  const invocations = frames * height * Math.ceil(width / STRIP) * Math.ceil(outChannels / CHANNELS);
  return x.device.launch({
    kernel: 'causalConv3d',
    reads: [x, history, weight, bias],
    output: [frames, height, width, outChannels],
    params: [u32(frames), u32(height), u32(width), u32(inChannels), u32(outChannels)],
    overrides: { WEIGHT_TYPE: weightType(weight.dtype), KERNEL_XY: kernel },
    workgroups: Math.ceil(invocations / 64),
    twin: () => reference.causalConv3d(x.host, history.host, weight.host, bias.host),
  });
}
