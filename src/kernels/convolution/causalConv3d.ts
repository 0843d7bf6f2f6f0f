import { ensure } from '../../errors.js';
import { rowwise, typeCode, u32 } from '../../tensor/device.js';
import { expectShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { Form } from '../forms/form.js';
import { CAUSAL_CONV3D_CLASSES, convForm } from './convForm.js';
import * as reference from './convs.twin.js';

/** Input frames that the causal convolutions look back: their kernels span three frames. */
const HISTORY_FRAMES = 2;

/**
 * A 3D convolution that looks back in time only, over frames that come piece by piece: `history` holds the two input
 * frames before `x` (zeros before a video begins), in whose place PyTorch's causal padding puts zeros.
 * Source: Wan-Video/Wan2.1 wan/modules/vae.py CausalConv3d.
 * @param x [frames, height, width, inChannels], f32 or packed 16-bit
 * @param history the older and the newer frame, each [1, height, width, inChannels] of x's type
 * @param weight [outChannels, 3, kernel, kernel, inChannels], kernel 3 or 1; f32 or packed 16-bit
 * @param bias [outChannels]
 * @param form the form of the kernel, for tests; the best for the device where absent
 * @returns f32 [frames, height, width, outChannels]
 */
export function causalConv3d(
  x: Tensor,
  history: readonly [older: Tensor, newer: Tensor],
  weight: Tensor,
  bias: Tensor,
  form?: Form,
): Tensor {
  expectShape(x.shape, ['any', 'any', 'any', 'any'], 'causalConv3d: x');
  const [frames, height, width, inChannels] = x.shape;
  const [older, newer] = history;
  for (const frame of [older, newer]) {
    expectShape(frame.shape, [1, height, width, inChannels], 'causalConv3d: history');
    ensure(
      frame.dtype === x.dtype,
      `causalConv3d: expected a history of x's type, ${x.dtype}, found one of ${frame.dtype}`,
    );
  }
  const kernel = weight.shape[2];
  ensure(kernel === 3 || kernel === 1, `causalConv3d: spatial kernels of 3 or 1 are supported, found ${kernel}`);
  expectShape(weight.shape, ['any', HISTORY_FRAMES + 1, kernel, kernel, inChannels], 'causalConv3d: weight');
  const outChannels = weight.shape[0];
  expectShape(bias.shape, [outChannels], 'causalConv3d: bias');
  const size = { height, width, inChannels, outChannels };
  const chosen = convForm(x.device, CAUSAL_CONV3D_CLASSES, { weight: weight.dtype, input: x.dtype }, size, form);
  return x.device.launch({
    kernel: chosen.kernel,
    reads: [x, older, newer, weight, bias],
    output: [frames, height, width, outChannels],
    overrides: {
      ...chosen.overrides,
      WEIGHT_TYPE: typeCode(weight.dtype),
      KERNEL_XY: kernel,
    },
    operations: 2 * frames * height * width * weight.size,
    ...rowwise(frames * height, [], (first, rows) => ({
      params: [u32(first), u32(rows), u32(height), u32(width), u32(inChannels), u32(outChannels)],
      workgroups: chosen.workgroups(first, rows),
    })),
    twin: () => reference.causalConv3d(x.host, [older.host, newer.host], weight.host, bias.host),
  });
}
