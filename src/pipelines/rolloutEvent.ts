import type { KvCache } from '../models/wan/kvCache.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Decision } from '../tokentrim/policy.js';

/**
 * What a rollout did. Tensors are valid until the generator is resumed.
 *
 * - `step`: one denoising call. `input` and `x0` cover the frames of the call (a block, or a whole rolling window);
 *   `block` is its first block, `attempt` counts from 0.
 * - `cache`: clean keys and values of `block` were written; `flow` is that call's output, which rollouts discard.
 * - `block`: a block joined the video. `latents` [frames, channels, height, width] in the DiT's normalised space.
 */
export type RolloutEvent = StepEvent | CacheEvent | CachedBlockEvent;

/** What sampling a whole video did: the same, where there is no cache and one block. */
export type SamplingEvent = StepEvent | BlockEvent;

export interface StepEvent {
  readonly kind: 'step';
  readonly block: number;
  readonly step: number;
  readonly attempt: number;
  readonly timesteps: readonly number[];
  readonly input: Tensor;
  readonly flow: Tensor;
  readonly x0: Tensor;
  /** The predictions that `flow` was guided from, where there was guidance. */
  readonly guided?: { readonly positive: Tensor; readonly negative: Tensor };
}

export interface CacheEvent {
  readonly kind: 'cache';
  readonly block: number;
  readonly flow: Tensor;
}

export interface BlockEvent {
  readonly kind: 'block';
  readonly block: number;
  readonly firstFrame: number;
  readonly latents: Tensor;
  /** Null for frames that were given, not generated. */
  readonly decision: Decision | null;
}

export interface CachedBlockEvent extends BlockEvent {
  /** As it is now, this block included. */
  readonly cache: KvCache;
}
