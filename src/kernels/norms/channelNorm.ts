import { ensure } from '../../errors.js';
import { rowwise, typeCode, u32 } from '../../tensor/device.js';
import { expectShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { Form } from '../forms/form.js';
import * as reference from './channelNorm.twin.js';
import { CHANNEL_NORM_CLASSES, rowForm } from './rowForm.js';

/**
 * The VAE's norm: every pixel's channels scaled to root mean square 1, times a gain, then SiLU if asked for.
 * Source: Wan-Video/Wan2.1 wan/modules/vae.py RMS_norm.
 * @param x [..., channels]
 * @param gamma [channels]
 * @param options.type of the result; f16 needs an even number of channels
 * @param options.form the form of the kernel, for tests; the best for the device where absent
 * @returns the shape of x
 */
export function channelNorm(
  x: Tensor,
  gamma: Tensor,
  options: { silu?: boolean; type?: 'f32' | 'f16'; form?: Form } = {},
): Tensor {
  const channels = x.shape[x.shape.length - 1];
  expectShape(gamma.shape, [channels], 'channelNorm: gamma');
  const { silu = false, type = 'f32' } = options;
  ensure(type === 'f32' || channels % 2 === 0, `channelNorm: ${channels} channels do not pack into words of two`);
  const chosen = rowForm(x.device, CHANNEL_NORM_CLASSES, channels, options.form);
  const rowsAtOnce = chosen.kernel === 'channelNorm' ? 64 : chosen.rowsAtOnce;
  return x.device.launch({
    kernel: chosen.kernel,
    reads: [x, gamma],
    output: x.shape,
    outputType: type,
    overrides: { ...chosen.overrides, WITH_SILU: silu ? 1 : 0, OUTPUT_TYPE: typeCode(type) },
    ...rowwise(x.size / channels, [0], (_, rows) => ({
      params: [u32(rows), u32(channels)],
      workgroups: Math.ceil(rows / rowsAtOnce),
    })),
    twin: () => reference.channelNorm(x.host, gamma.host, silu, type),
  });
}
