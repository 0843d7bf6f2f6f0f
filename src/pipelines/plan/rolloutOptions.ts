import { optionsOf } from '../../options/checkOptions.js';
import { count, flag, someNumber, value } from '../../options/fields.js';
import { Tensor } from '../../tensor/tensor.js';
import { contextNoise, stepList } from './planRequest.js';

/** What both rollouts take. Frames are latent frames everywhere below the command line. */
export interface RolloutOptions {
  /** Latent height and width. */
  readonly latent: { readonly height: number; readonly width: number };
  /** Frames to generate. */
  readonly frames: number;
  readonly framesPerBlock: number;
  /** Denoising steps on the 1000 ... 0 scale, before the shift warps them. */
  readonly steps: readonly number[];
  /** Whether the steps count along the shifted schedule (default), or are timesteps as they stand. */
  readonly warp?: boolean;
  readonly shift: number;
  /** Frames that attention spans, those being generated included. */
  readonly window: number;
  /** Frames at the start of the video that stay in the window for ever and are never pruned. */
  readonly sink: number;
  /** Timestep at which a finished block is written into the cache. */
  readonly contextNoise: number;
  /** Clean latents [frames, channels, height, width], whole blocks, that the video begins with; they stay the caller's. */
  readonly initialLatents?: Tensor;
}

/** What Self Forcing takes beyond what both rollouts take. */
export interface SelfForcingOptions extends RolloutOptions {
  /** Whether the first frame of the video is a block of its own. */
  readonly independentFirstFrame?: boolean;
}

/** @internal Latent height and width. */
export const latentSchema = optionsOf<RolloutOptions['latent']>()({ height: count(1), width: count(1) });

/** Frames, steps and shift are checked where the blocks are counted off. */
const rolloutFields = {
  latent: latentSchema,
  frames: someNumber,
  framesPerBlock: count(1),
  steps: stepList('a list of timesteps such as [1000, 750, 500, 250]'),
  warp: flag.optional(),
  shift: someNumber,
  window: count(1),
  sink: count(0),
  contextNoise: contextNoise(),
  initialLatents: value<Tensor>('must be a tensor', (given) => given instanceof Tensor).optional(),
};

/** @internal */
export const rolloutSchema = optionsOf<RolloutOptions>()(rolloutFields);

/** @internal */
export const selfForcingSchema = optionsOf<SelfForcingOptions>()({
  ...rolloutFields,
  independentFirstFrame: flag.optional(),
});

/** @internal What a plan says beyond them: a plan may be given as it is. */
export const PLAN_OPTIONS = ['preset', 'pixel', 'shown', 'given'] as const;
