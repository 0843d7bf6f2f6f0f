import { ensure } from '../errors.js';
import type { ModelConfig } from '../weights/config.js';
import { checkWindow } from './checkWindow.js';
import type { RolloutOptions } from './rolloutOptions.js';
import { createSchedule, denoisingTimesteps } from './schedule.js';

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

/** Most pixel frames of a plan, 17 hours at 16 a second: the noise of a seed is counted off before the first block. */
const MAX_FRAMES = 1_000_000;

/** Most pixels along a side: far above every model, far below where a size stops being an exact number of bytes. */
const MAX_SIDE = 1_000_000;

/** Window of Rolling Forcing's attention in latent frames (TencentARC/RollingForcing: max_attention_size, in frames). */
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
    ensure(size <= MAX_SIDE, `the ${axis} can be ${MAX_SIDE} pixels at most, found ${size}`);
  }
  ensure(pixel.frames <= MAX_FRAMES, `a run makes ${MAX_FRAMES} frames at most, found ${pixel.frames}`);
  const frames = (pixel.frames - 1) / temporal + 1;
  const nearest = nearestFrames(pixel.frames, temporal, framesPerBlock);
  ensure(
    Number.isInteger(frames) && frames > 0 && frames % framesPerBlock === 0,
    `${pixel.frames} frames do not split into blocks: a video has 1 + ${temporal}(n - 1) frames for n latent frames, and n ` +
      `must be a multiple of ${framesPerBlock}: use --frames ${nearest.join(' or ')}`,
  );

  const isRolling = preset === 'rolling-forcing';
  const configured = presetConfig.local_attn_size ?? -1;
  const bounded = request.window ?? (configured > 0 ? configured : isRolling ? ROLLING_WINDOW : undefined);
  const plan: Plan = {
    preset,
    pixel,
    latent: { width: pixel.width / spatial, height: pixel.height / spatial },
    frames,
    framesPerBlock,
    steps: request.steps ?? presetConfig.denoising_step_list,
    warp: presetConfig.warp_denoising_step,
    shift: request.shift ?? sampling.timestep_shift,
    window: bounded ?? frames,
    sink: request.sink ?? presetConfig.sink_size ?? (isRolling ? framesPerBlock : 0),
    contextNoise: request.contextNoise ?? sampling.context_noise,
  };
  checkWindow(plan, bounded !== undefined);
  denoisingTimesteps(createSchedule(plan.shift), plan); // throws where the steps do not fall
  return plan;
}

/**
 * Smallest number of pixel frames at which Rolling Forcing gives every block all of its denoising steps; with fewer blocks
 * than steps the official code, and this one, lets the first block join the video too early.
 */
export function fullyDenoisedFrames(config: ModelConfig, { steps, framesPerBlock }: Plan): number {
  return (steps.length * framesPerBlock - 1) * vaeFactors(config).temporal + 1;
}

/** Re-noising draws of a rollout in which nothing triggers. */
export function plannedDraws({ preset, frames, framesPerBlock, steps }: Plan): number {
  const blocks = frames / framesPerBlock;
  // A block needs no noise after its last step; with fewer blocks than steps, Rolling Forcing's first never gets there.
  const finished = preset === 'rolling-forcing' && blocks < steps.length ? blocks - 1 : blocks;
  return blocks * steps.length - finished;
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
