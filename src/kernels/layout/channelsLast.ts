import { ensure } from '../../errors.js';
import { u32 } from '../../tensor/device.js';
import { expectShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import * as reference from './channelsLast.twin.js';

/** The mean and standard deviation of each latent channel, f32 [channels]. */
export interface LatentScale {
  readonly mean: Tensor;
  readonly std: Tensor;
}

/**
 * Latents as the DiT makes them, brought to the VAE's scale (`latents * std + mean`) and layout: channels innermost.
 * Source: Wan-Video/Wan2.1 wan/modules/vae.py WanVAE_.decode.
 * @param latents [any, channels, height, width]
 * @param range which of the frames; all where absent
 * @returns [frames, height, width, channels]
 */
export function channelsLast(
  latents: Tensor,
  scale: LatentScale,
  range: { firstFrame: number; frames: number } = { firstFrame: 0, frames: latents.shape[0] },
): Tensor {
  expectShape(latents.shape, ['any', 'any', 'any', 'any'], 'channelsLast: latents');
  const [available, channels, height, width] = latents.shape;
  expectShape(scale.mean.shape, [channels], 'channelsLast: mean');
  expectShape(scale.std.shape, [channels], 'channelsLast: std');
  const { firstFrame, frames } = range;
  ensure(
    firstFrame >= 0 && frames > 0 && firstFrame + frames <= available,
    `channelsLast: frames ${firstFrame} to ${firstFrame + frames - 1} of latents that have ${available}`,
  );
  return latents.device.launch({
    kernel: 'channelsLast',
    reads: [latents, scale.mean, scale.std],
    output: [frames, height, width, channels],
    params: [u32(firstFrame), u32(frames), u32(channels), u32(height * width)],
    workgroups: Math.ceil((frames * height * width * channels) / 64),
    twin: () => reference.channelsLast(latents.host, scale.mean.host, scale.std.host, firstFrame, frames),
  });
}
