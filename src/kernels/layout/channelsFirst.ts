import { u32 } from '../../tensor/device.js';
import { expectShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import * as reference from './channelsFirst.twin.js';
import type { LatentScale } from './channelsLast.js';

/**
 * What the VAE's encoder makes, as the DiT takes it: the means of the latents, normalised (`(mean - m) / std`), channels
 * outermost. The log variances are dropped: latents are not sampled.
 * Source: Wan-Video/Wan2.1 wan/modules/vae.py WanVAE_.encode.
 * @param moments [frames, height, width, 2 * channels]
 * @returns [frames, channels, height, width]
 */
export function channelsFirst(moments: Tensor, scale: LatentScale): Tensor {
  const channels = scale.mean.size;
  expectShape(moments.shape, ['any', 'any', 'any', 2 * channels], 'channelsFirst: moments');
  expectShape(scale.std.shape, [channels], 'channelsFirst: std');
  const [frames, height, width] = moments.shape;
  return moments.device.launch({
    kernel: 'channelsFirst',
    reads: [moments, scale.mean, scale.std],
    output: [frames, channels, height, width],
    params: [u32(frames), u32(channels), u32(height * width)],
    workgroups: Math.ceil((frames * channels * height * width) / 64),
    twin: () => reference.channelsFirst(moments.host, scale.mean.host, scale.std.host),
  });
}
