import { ensure } from '../errors.js';
import type { ModelConfig } from '../weights/config.js';
import { planBlocks } from './planBlocks.js';
import type { RolloutOptions } from './rolloutOptions.js';

export const PRESETS = ['self-forcing', 'rolling-forcing'] as const;
export type Preset = (typeof PRESETS)[number];

/** What of a rollout a user may choose; everything absent comes from the checkpoint's configuration. */
export interface PlanRequest {
  readonly preset?: Preset;
  /** Pixel frames: 1 + 4k, so that k + 1 latent frames split into whole blocks. */
  readonly frames?: number;
  /** Pixels. */
  readonly width?: number;
  readonly height?: number;
  readonly steps?: readonly number[];
  readonly shift?: number;
  /** Latent frames. */
  readonly window?: number;
  readonly sink?: number;
  readonly framesPerBlock?: number;
  readonly contextNoise?: number;
}

/** A rollout with every number decided. */
export interface Plan extends RolloutOptions {
  readonly preset: Preset;
  readonly pixel: { readonly frames: number; readonly width: number; readonly height: number };
}

/** Pixel frames where nothing is asked for: five seconds at 16 frames a second. */
const DEFAULT_FRAMES = 81;

/** Window of Rolling Forcing's attention in latent frames (TencentARC/RollingForcing: max_attention_size / 1560). */
const ROLLING_WINDOW = 21;

/**
 * Decides a rollout from a model's configuration and a request.
 * @throws TokenTrimError where sizes or frames do not fit the model's grid; the message names the nearest that do
 */
export function planRollout(config: ModelConfig, request: PlanRequest): Plan {
  const { sampling, transformer } = config;
  const preset = request.preset ?? 'self-forcing';
  const presetConfig = sampling.presets[preset];
  const framesPerBlock = request.framesPerBlock ?? sampling.frames_per_block;
  const { spatial, temporal } = vaeFactors(config);

  const pixel = {
    frames: request.frames ?? DEFAULT_FRAMES,
    width: request.width ?? sampling.width,
    height: request.height ?? sampling.height,
  };
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
  }
  const frames = (pixel.frames - 1) / temporal + 1;
  const nearest = nearestFrames(pixel.frames, temporal, framesPerBlock);
  ensure(
    Number.isInteger(frames) && frames > 0 && frames % framesPerBlock === 0,
    `${pixel.frames} frames do not split into blocks: a video has 1 + ${temporal}(n - 1) frames for n latent frames, and n ` +
      `must be a multiple of ${framesPerBlock}: use --frames ${nearest.join(' or ')}`,
  );
  planBlocks(frames, framesPerBlock);

  const isRolling = preset === 'rolling-forcing';
  const configured = presetConfig.local_attn_size;
  return {
    preset,
    pixel,
    latent: { width: pixel.width / spatial, height: pixel.height / spatial },
    frames,
    framesPerBlock,
    steps: request.steps ?? presetConfig.denoising_step_list,
    warp: presetConfig.warp_denoising_step,
    shift: request.shift ?? sampling.timestep_shift,
    window: request.window ?? (configured && configured > 0 ? configured : isRolling ? ROLLING_WINDOW : frames),
    sink: request.sink ?? presetConfig.sink_size ?? (isRolling ? framesPerBlock : 0),
    contextNoise: request.contextNoise ?? sampling.context_noise,
  };
}

/** Pixels a latent pixel stands for, along a side and in time. */
export function vaeFactors({ vae }: ModelConfig): { spatial: number; temporal: number } {
  return {
    spatial: 2 ** (vae.dim_mult.length - 1),
    temporal: 2 ** vae.temperal_downsample.filter(Boolean).length,
  };
}

function nearestFrames(frames: number, temporal: number, framesPerBlock: number): number[] {
  const pixels = (blocks: number) => (blocks * framesPerBlock - 1) * temporal + 1;
  const blocks = Math.max(1, Math.floor(((frames - 1) / temporal + 1) / framesPerBlock) || 1);
  return [pixels(blocks), pixels(blocks + 1)];
}
