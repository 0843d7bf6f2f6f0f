import * as z from 'zod';
import { ensure } from '../errors.js';
import type { KvCache, SeenPast } from '../models/wan/kvCache.js';
import { checkOptions, optionsOf } from '../options/checkOptions.js';
import { callback, count, flag, number, show, someNumber, value } from '../options/fields.js';
import { Tensor } from '../tensor/tensor.js';
import type { Decision, MeasuredReview } from '../tokentrim/policy.js';
import type { GuidedFlow } from './flowmo.js';
import { type FlowmoOptions, flowmoSchema } from './plan/flowmoOptions.js';
import type { FlyingBlock } from './resume/rolloutStart.js';
import type { CallTap } from './watch/seen.js';

/**
 * What a rollout did. Tensors are valid until the generator is resumed.
 *
 * - `step`: one denoising call. `input` and `x0` cover the frames of the call (a block, or a whole rolling window);
 *   `block` is its first block, `attempt` counts from 0.
 * - `review`: the policy was shown an attempt, and said whether there is another, and which tokens are pruned before it.
 * - `cache`: clean keys and values of `block` were written; `flow` is that call's output, which rollouts discard.
 * - `block`: a block joined the video. `latents` [frames, channels, height, width] in the DiT's normalised space.
 */
export type RolloutEvent = CachedStepEvent | ReviewEvent | CacheEvent | CachedBlockEvent;

/** What sampling a whole video did: the same, where there is no cache and one block. */
export type SamplingEvent = StepEvent | BlockEvent;

export interface StepEvent {
  readonly kind: 'step';
  readonly block: number;
  readonly step: number;
  readonly attempt: number;
  /** First latent frame of the call. */
  readonly firstFrame: number;
  /** One for each frame of the call. */
  readonly timesteps: readonly number[];
  readonly input: Tensor;
  readonly flow: Tensor;
  readonly x0: Tensor;
  /** The predictions that `flow` was guided from, where there was guidance. */
  readonly guided?: { readonly positive: Tensor; readonly negative: Tensor };
  /** What FlowMo measured and moved, where it acted: `input` is what it made of `given`. */
  readonly motion?: GuidedFlow['motion'];
  /** Of the bidirectional model: what the next step is fed, and what its solver keeps until then. */
  readonly after?: { readonly latents: Tensor; readonly kept: readonly (Tensor | undefined)[] };
}

/** What a call saw of the past. */
interface OverCache {
  readonly seen: SeenPast;
  /** As it is during the call. */
  readonly cache: KvCache;
}

export interface CachedStepEvent extends StepEvent, OverCache {}

export interface ReviewEvent {
  readonly kind: 'review';
  readonly block: number;
  readonly attempt: number;
  /** Clean latents of the block as the policy was shown them. */
  readonly latents: Tensor;
  /** Whether the block is generated again; else the attempt is taken. */
  readonly again: boolean;
  /** What is pruned before that; none where the attempt is taken, or the policy asks for another with nothing pruned. */
  readonly unstable: readonly number[];
  /** What the policy measured, if it measures and there is a block before. */
  readonly measured?: MeasuredReview | undefined;
}

export interface CacheEvent extends OverCache {
  readonly kind: 'cache';
  readonly block: number;
  readonly firstFrame: number;
  readonly flow: Tensor;
}

export interface BlockEvent {
  readonly kind: 'block';
  readonly block: number;
  readonly firstFrame: number;
  readonly latents: Tensor;
  /** Null for frames that were given, not generated. */
  readonly decision: Decision | null;
  /** Seconds that it took an earlier process, where this one goes on from that one's state. */
  readonly restored?: number;
}

export interface CachedBlockEvent extends BlockEvent {
  /** As it is now, this block included. */
  readonly cache: KvCache;
  /** Of Rolling Forcing: the blocks that are between two steps now. */
  readonly flight?: readonly FlyingBlock[];
}

/** One attempt at a block, or at a rolling window, as it ended. */
export interface Attempt {
  /** The clean latents that were predicted last, which are the result where the attempt was not rejected. */
  readonly x0: Tensor;
  /** Whether there is another attempt, and the tokens that are pruned before it. */
  readonly again: boolean;
  readonly unstable: readonly number[];
}

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
  /** Steadies the motion of blocks; absent: FlowMo is off. */
  readonly flowmo?: FlowmoOptions;
  /** Clean latents [frames, channels, height, width], whole blocks, that the video begins with; they stay the caller's. */
  readonly initialLatents?: Tensor;
  /** Looks into denoising calls, and decides nothing. */
  readonly tap?: CallTap;
}

/** What Self Forcing takes beyond what both rollouts take. */
export interface SelfForcingOptions extends RolloutOptions {
  /** Whether the first frame of the video is a block of its own. */
  readonly independentFirstFrame?: boolean;
}

/** @internal Latent height and width. */
export const latentSchema = optionsOf<RolloutOptions['latent']>()({ height: count(1), width: count(1) });

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
  flowmo: flowmoSchema.optional(),
  initialLatents: value<Tensor>('must be a tensor', (given) => given instanceof Tensor).optional(),
  tap: callback<CallTap>().optional(),
};

const rolloutSchema = optionsOf<RolloutOptions>()(rolloutFields);

const selfForcingSchema = optionsOf<SelfForcingOptions>()({
  ...rolloutFields,
  independentFirstFrame: flag.optional(),
});

/** @internal What a plan says beyond them: a plan may be given as it is. */
export const PLAN_OPTIONS = [
  ...['preset', 'pixel', 'shown', 'fps', 'given'],
  ...['version', 'program', 'prompts', 'negativePrompt', 'noise', 'trim', 'types', 'decode', 'decoder', 'model'],
] as const;

/** @internal Denoising steps. */
export function stepList(what: string) {
  return z.array(someNumber, { error: (issue) => `must be ${what}, found ${show(issue.input)}` }).readonly();
}

/** @internal The timestep at which finished blocks are cached. */
export function contextNoise() {
  return number('must be a timestep from 0 to 1000', (given) => given >= 0 && given <= 1000);
}

/** @internal Refuses options that are none of Self Forcing's; steps and frames are checked where they are counted off. */
export function checkSelfForcing(options: SelfForcingOptions): void {
  checkOptions('selfForcing', selfForcingSchema, options, PLAN_OPTIONS);
}

/** @internal The same for Rolling Forcing, whose window must hold what it rolls. */
export function checkRollingForcing(options: RolloutOptions): void {
  checkOptions('rollingForcing', rolloutSchema, options, PLAN_OPTIONS);
  checkWindow({ ...options, preset: 'rolling-forcing' }, true);
}

/**
 * Refuses a window that the rollout could not work in, before anything is loaded.
 * @param isBounded false where the window is the whole video: then no frame ever leaves it, and a sink changes nothing
 */
export function checkWindow(
  plan: Omit<RolloutOptions, 'initialLatents'> & { readonly preset: 'self-forcing' | 'rolling-forcing' },
  isBounded: boolean,
): void {
  const { preset, steps, framesPerBlock: size, window, sink } = plan;
  if (preset === 'self-forcing') {
    ensure(
      !isBounded || window >= size + sink,
      `the window of ${window} latent frames must hold a block of ${size} beside the sink of ${sink}: use \`window\` ` +
        `${size + sink} or more${sink > 0 ? ', or a smaller `sink`' : ''}`,
    );
    return;
  }
  ensure(
    sink === 0 || sink === size,
    `rolling-forcing keeps its first block in sight: \`sink\` must be ${size} (or 0 for none), found ${sink}`,
  );
  const rolled = steps.length * size;
  const needed = rolled + sink;
  ensure(
    window >= needed && window % size === 0,
    `rolling-forcing with ${steps.length} steps rolls ${rolled} latent frames beside a sink of ${sink}: \`window\` must be ` +
      `a multiple of ${size} and at least ${needed}, found ${window}`,
  );
}
