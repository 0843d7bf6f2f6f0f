import { u32 } from '../tensor/device.js';
import { expectShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import * as reference from './reference/channelNorm.js';

/**
 * The VAE's norm: every pixel's channels scaled to root mean square 1, times a gain, then SiLU if asked for.
 * Source: Wan-Video/Wan2.1 wan/modules/vae.py RMS_norm.
 * @param x [..., channels]
 * @param gamma [channels]
 * @returns the shape of x
 */
export function channelNorm(x: Tensor, gamma: Tensor, options: { silu?: boolean } = {}): Tensor {
  const channels = x.shape[x.shape.length - 1];
  expectShape(gamma.shape, [channels], 'channelNorm: gamma');
  const rows = x.size / channels;
  const silu = options.silu ?? false;
  return x.device.launch({
    kernel: 'channelNorm',
    reads: [x, gamma],
    output: x.shape,
    params: [u32(rows), u32(channels)],
    overrides: { WITH_SILU: silu ? 1 : 0 },
    workgroups: Math.ceil(rows / 64),
    twin: () => reference.channelNorm(x.host, gamma.host, silu),
  });
}
