import { ensure } from '../../errors.js';
import type { ModelConfig } from '../../models/wan/config.js';

/** Pixel frames where nothing is asked for: five seconds at 16 frames a second. */
export const DEFAULT_FRAMES = 81;

/** Most pixel frames of a plan, 17 hours at 16 a second: the noise of a seed is counted off before the first block. */
const MAX_FRAMES = 1_000_000;

/** Most pixels along a side: far above every model, far below where a size stops being an exact number of bytes. */
const MAX_SIDE = 1_000_000;

/** A picture's size in pixels, and in latent pixels. */
export interface PlannedSize {
  readonly pixel: { readonly width: number; readonly height: number };
  readonly latent: { readonly width: number; readonly height: number };
}

/**
 * The size of a video in the grid of a model.
 * @throws TokenTrimError where a side does not fit the grid; the message names the nearest that does
 */
export function planSize(
  config: ModelConfig,
  request: { readonly width?: number; readonly height?: number },
): PlannedSize {
  const { sampling, transformer } = config;
  const { spatial } = vaeFactors(config);
  const pixel = { width: request.width ?? sampling.width, height: request.height ?? sampling.height };
  for (const [axis, patch] of [
    ['width', transformer.patch_size[2]],
    ['height', transformer.patch_size[1]],
  ] as const) {
    const unit = spatial * patch;
    const size = pixel[axis];
    ensure(
      Number.isInteger(size) && size > 0 && size % unit === 0,
      `the ${axis} must be a multiple of ${unit} pixels (the VAE's ${spatial} times the DiT's patch of ${patch}), found ` +
        `${size}: use --${axis} ${Math.max(unit, Math.floor(size / unit) * unit || unit)}`,
    );
    ensure(size <= MAX_SIDE, `the ${axis} can be ${MAX_SIDE} pixels at most, found ${size}`);
  }
  return { pixel, latent: { width: pixel.width / spatial, height: pixel.height / spatial } };
}

/** Throws unless a video may have so many pixel frames. */
export function checkFrames(frames: number): void {
  ensure(Number.isInteger(frames) && frames > 0, `a video has a whole number of frames, 1 or more, found ${frames}`);
  ensure(frames <= MAX_FRAMES, `a run makes ${MAX_FRAMES} frames at most, found ${frames}`);
}

/** Pixels a latent pixel stands for, along a side and in time. */
export function vaeFactors({ vae }: ModelConfig): { spatial: number; temporal: number } {
  return {
    spatial: 2 ** (vae.dim_mult.length - 1),
    temporal: 2 ** vae.temperal_downsample.filter(Boolean).length,
  };
}
