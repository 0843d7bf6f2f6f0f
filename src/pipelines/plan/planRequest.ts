import * as z from 'zod';
import { optionsOf } from '../../options/checkOptions.js';
import { count, number, oneOf, show, someNumber } from '../../options/fields.js';
import { SOLVER_NAMES, type SolverName } from '../solvers/solver.js';

/** Block by block over a cache (the first two), or the bidirectional model on all frames at once. */
export const PRESETS = ['self-forcing', 'rolling-forcing', 'wan'] as const;
export type Preset = (typeof PRESETS)[number];

/** What of a run a user may choose; everything absent comes from the checkpoint's configuration. */
export interface PlanRequest {
  readonly preset?: Preset;
  /** Pixel frames of the video, given ones included: any number. What whole blocks make beyond it is dropped. */
  readonly frames?: number;
  /** Pixels. */
  readonly width?: number;
  readonly height?: number;
  /** Denoising steps from 1000 down; for `wan` one number, how many steps its solver takes. */
  readonly steps?: readonly number[];
  readonly shift?: number;
  /** Latent frames. */
  readonly window?: number;
  readonly sink?: number;
  readonly framesPerBlock?: number;
  readonly contextNoise?: number;
  /** Of the bidirectional model. */
  readonly solver?: SolverName;
  readonly guidance?: number;
  /** A picture that the video begins with, or a video that it continues, and how many pictures there are. */
  readonly given?: { readonly kind: 'image' | 'video'; readonly available: number };
}

/** @internal The fields of {@link PlanRequest}; sizes, frames, steps and scales are checked where a plan is made of them. */
export const planFields = {
  preset: oneOf(PRESETS).optional(),
  frames: someNumber.optional(),
  width: someNumber.optional(),
  height: someNumber.optional(),
  steps: stepList('a list of timesteps such as [1000, 750, 500, 250]; for wan of one number, such as [50]').optional(),
  shift: someNumber.optional(),
  window: count(1).optional(),
  sink: count(0).optional(),
  framesPerBlock: count(1).optional(),
  contextNoise: contextNoise().optional(),
  solver: oneOf(SOLVER_NAMES).optional(),
  guidance: someNumber.optional(),
  given: optionsOf<NonNullable<PlanRequest['given']>>()({
    kind: oneOf(['image', 'video']),
    available: count(1),
  }).optional(),
};

/** @internal */
export const planSchema = optionsOf<PlanRequest>()(planFields);

/** @internal Denoising steps. */
export function stepList(what: string) {
  return z.array(someNumber, { error: (issue) => `must be ${what}, found ${show(issue.input)}` }).readonly();
}

/** @internal The timestep at which finished blocks are cached. */
export function contextNoise() {
  return number('must be a timestep from 0 to 1000', (value) => value >= 0 && value <= 1000);
}
