import * as z from 'zod';
import type { DType } from '../../../tensor/tensor.js';
import type { ConvInputType } from '../vae/histories.js';

/**
 * A tiny autoencoder of the latents of Wan2.1: convolutions in space, and layers that see the frame before.
 * Source: madebyollin/taehv taehv.py TAEHV; the published taew2_1 has decoder widths 256, 128, 64, 64 and encoder width 64.
 */
export interface TinyVaeConfig {
  /** Of the decoder's three stages and of its last layer, the first at the size of latents. */
  readonly decoder_widths: readonly [number, number, number, number];
  /** Of all the encoder's layers; absent where a file holds the decoder alone. */
  readonly encoder_width?: number;
  readonly latent_channels: number;
  /** Pixels a side that are the channels of one where pictures enter and leave. */
  readonly patch_size: number;
  /** After which of the decoder's stages there are twice as many frames, and pictures of twice the size. */
  readonly decoder_time_upscale: Three;
  readonly decoder_space_upscale: Three;
  /** Before which of the encoder's stages two frames become one; all of them halve the size. */
  readonly encoder_time_downscale: Three;
  /** Frames at the start of a decoded video that are dropped: they repeat what the first latent frame shows. */
  readonly frames_to_trim: number;
}

type Three = readonly [boolean, boolean, boolean];

const count = z
  .int()
  .positive()
  .max(2 ** 20);
const three = z.tuple([z.boolean(), z.boolean(), z.boolean()]);

/** @internal The schema of TinyVaeConfig. */
export const tinyVaeSchema = z.object({
  decoder_widths: z.tuple([count, count, count, count]),
  encoder_width: count.optional(),
  latent_channels: count,
  patch_size: count.max(64),
  decoder_time_upscale: three,
  decoder_space_upscale: three,
  encoder_time_downscale: three,
  frames_to_trim: z.int().nonnegative(),
}) satisfies z.ZodType<TinyVaeConfig>;

/** Pixels that a latent pixel stands for along a side, and pictures that a latent frame does: as the decoder has them. */
export function tinyVaeFactors(config: TinyVaeConfig): { spatial: number; temporal: number } {
  return {
    spatial: config.patch_size * doubled(config.decoder_space_upscale),
    temporal: doubled(config.decoder_time_upscale),
  };
}

/** The same of the encoder. */
export function tinyEncoderFactors(config: TinyVaeConfig): { spatial: number; temporal: number } {
  return { spatial: config.patch_size * 8, temporal: doubled(config.encoder_time_downscale) };
}

/** What its convolutions take: 16 bits where the weights have no more, and all channels come in pairs. */
export function tinyInputType(weights: DType, config: TinyVaeConfig): ConvInputType {
  const channels = [...config.decoder_widths, config.encoder_width ?? 0, config.latent_channels];
  return weights !== 'f32' && channels.every((count) => count % 2 === 0) ? 'f16' : 'f32';
}

function doubled(which: Three): number {
  return 2 ** which.filter(Boolean).length;
}
