import type { FlowTap } from '../../models/wan/tap.js';

/** A denoising call as a tap is told of it: its blocks in the order of their frames. */
export interface TappedCall {
  readonly attempt: number;
  /** As its event says. */
  readonly step: number;
  readonly firstFrame: number;
  /** `step` is which of its own steps a block takes. */
  readonly blocks: readonly { readonly block: number; readonly step: number; readonly frames: number }[];
  /** Which of its frames are kept of it: where prompts change inside it, not all. */
  readonly kept?: { readonly from: number; readonly count: number };
}

/** A block of a call, and where its frames begin in it. */
export interface CallBlock {
  readonly block: number;
  readonly step: number;
  readonly from: number;
  readonly frames: number;
  readonly isFirst: boolean;
}

/** Looks into the calls of a rollout: what it answers goes to `predictFlow`. */
export type CallTap = (call: TappedCall) => FlowTap | undefined;

/** Where in a run something was seen. */
export interface SeenAt {
  readonly block: number;
  /** Of the block: in a rolling window, all but the first have 0. */
  readonly attempt: number;
  /** Of the call that it was seen in; as its event says, and `step` too. */
  readonly callAttempt: number;
  readonly step: number;
  /** Latent frames of the block. */
  readonly frames: readonly number[];
}

/** What tokens of a block attended to at a call. */
export interface SeenAttention extends SeenAt {
  readonly kind: 'attention';
  /** Which of `watch.attention` asked. */
  readonly index: number;
  readonly layers: readonly number[];
  readonly tokens: readonly number[];
  /** Latent frames that were attended to: those of the cache, then those of the call. */
  readonly keys: readonly number[];
  /** How many of them are the cache's. */
  readonly cached: number;
  /** [layers, tokens, block's frames, keys]: the weights of a frame's keys added up, a mean over heads. */
  readonly shares: Promise<Float32Array>;
}

/** What a part of the DiT gave for a block at a call. */
export interface SeenPart extends SeenAt {
  readonly kind: 'tap';
  readonly name: string;
  /** [frames, tokens, width]. */
  readonly shape: readonly number[];
  readonly values: Promise<Float32Array>;
}

/** Values come when the device does. */
export type Seen = SeenAttention | SeenPart;
