import type { Plan } from '../pipelines/plan/plan.js';
import type { Sheet, TensorRef } from './fileRefs.js';

export type { Sheet, TensorRef } from './fileRefs.js';

/**
 * A trace: what a run and its policy saw, in order. On a disk it is a folder with one JSON object a line in
 * `events.jsonl`; tensors and pictures lie in files beside it, each written before the event that names it, so that every
 * whole line of a trace that was cut off can be read (docs/TRACE.md). In a page the same events are posted.
 */
export type TraceEvent =
  | BeginEvent
  | StageEvent
  | NoteEvent
  | CacheEvent
  | StepEvent
  | MotionEvent
  | AttentionEvent
  | TapEvent
  | ReviewEvent
  | WriteEvent
  | BlockEvent
  | PicturesEvent
  | EndEvent;

/** Goes up when a field goes away or changes its meaning, not when one is added. */
export const TRACE_VERSION = 1;

interface Timed {
  /** Seconds since the run began at which it was known, and written. */
  readonly at: number;
}

/** The first line. */
export interface BeginEvent extends Timed {
  readonly kind: 'begin';
  readonly version: typeof TRACE_VERSION;
  /** The program that writes, and its version. */
  readonly program: string;
  /** When, as ISO 8601. */
  readonly date: string;
  readonly video: TracedVideo;
  /** The plan that was run; null where latents of another pipeline were measured. */
  readonly plan: Plan | null;
  /** The adapter's name; null where nothing was computed on one. */
  readonly adapter: string | null;
}

/** What a reader needs of a run to make sense of what follows. */
export interface TracedVideo {
  /** `latents`: a file of another pipeline, cut into blocks. */
  readonly method: Plan['preset'] | 'latents';
  /** The prompt, the prompts in order, or the file's name. */
  readonly title: string;
  /** The model's name. */
  readonly model: string | null;
  readonly seed: string | null;
  /** The token grid of a latent frame; token i is in row floor(i / width) and column i % width. */
  readonly grid: { readonly height: number; readonly width: number };
  /** Blocks that are generated, numbered from 0. */
  readonly blocks: number;
  /** Blocks that were given, before them: each has the number -1, and a first frame of its own. */
  readonly given: number;
  /** Denoising calls where nothing triggers. */
  readonly calls: number;
  readonly framesPerBlock: number;
  /** Frames of the video's beginning that never leave the cache; for Rolling Forcing the anchor. */
  readonly sink: number;
  /** Latent frames that attention spans; null where it is the whole video. */
  readonly window: number | null;
  readonly steps: readonly number[];
  /** TokenTrim's parameters; false for the baseline, `own` for another policy. */
  readonly trim: Plan['trim'];
  /** The pictures that are shown; null where there are none. */
  readonly pictures: {
    readonly width: number;
    readonly height: number;
    readonly count: number;
    readonly fps: number;
  } | null;
}

export interface StageEvent extends Timed {
  readonly kind: 'stage';
  readonly stage: 'text' | 'given' | 'weights' | 'rollout' | 'decode';
}

export interface NoteEvent extends Timed {
  readonly kind: 'note';
  readonly text: string;
}

/** How the cache differs from what it was at the event before. Latent frames of the video everywhere. */
export interface CacheEvent extends Timed {
  readonly kind: 'cache';
  /** Frames that a place was found for: whole. */
  readonly came: readonly number[];
  /** Frames that were evicted. */
  readonly left: readonly number[];
  /** Frames that lost tokens, and which: a set of tokens (`tokenSet.ts`). */
  readonly lost: readonly { readonly frames: readonly number[]; readonly tokens: string }[];
}

/** What a call attended to beside its own tokens. */
export interface Seen {
  /** Latent frames, ascending. */
  readonly frames: readonly number[];
  /** Rows of the cache: live tokens of those frames. */
  readonly rows: number;
}

/** A denoising call. */
export interface StepEvent extends Timed {
  readonly kind: 'step';
  /** The first block of the call; a rolling window holds more. */
  readonly block: number;
  readonly attempt: number;
  /** Its place among the calls of the attempt; for Rolling Forcing the number of the window. */
  readonly step: number;
  readonly firstFrame: number;
  /** One for each frame of the call. */
  readonly timesteps: readonly number[];
  /** Null for the bidirectional model, which has no cache. */
  readonly seen: Seen | null;
  /** Until what it predicted was there, since the call before; null where nobody waited for it. */
  readonly seconds: number | null;
}

/** What FlowMo measured of a block at a denoising call, and did to its noisy latents. */
export interface MotionEvent extends Timed {
  readonly kind: 'motion';
  readonly block: number;
  readonly attempt: number;
  readonly step: number;
  /** The largest value of its measure, how unevenly a latent pixel moves: of the first prediction, and of the one that the call goes on with, where that was made anew. */
  readonly before: number;
  readonly after: number | null;
  /** By how much it moved the latents: at most, and on average. */
  readonly change: { readonly largest: number; readonly mean: number };
  /** The measure of every latent pixel, [latent height, latent width]. */
  readonly maps: { readonly before: TensorRef; readonly after: TensorRef | null };
}

/** What a block was asked for at a denoising call, by its name: opt-in. */
interface Watched extends Timed {
  readonly block: number;
  /** Of the block: in a rolling window, all but the first have 0. */
  readonly attempt: number;
  /** As of the call's `step`. */
  readonly step: number;
  /** Latent frames of the block. */
  readonly frames: readonly number[];
}

/** What chosen tokens of a block attended to: the weights of softmax, a mean over the heads of a layer. */
export interface AttentionEvent extends Watched {
  readonly kind: 'attention';
  readonly layers: readonly number[];
  /** Spatial indices: a query for each, in each frame of the block. */
  readonly tokens: readonly number[];
  /** Latent frames that were attended to: those of the cache, then those of the call itself. */
  readonly keys: readonly number[];
  /** How many of them are the cache's. */
  readonly cached: number;
  /** [layers, tokens, frames, keys]: the weights of all live tokens of a frame added up; over the keys they come to 1. */
  readonly shares: TensorRef;
}

/** What a part of the DiT gave for a block. */
export interface TapEvent extends Watched {
  readonly kind: 'tap';
  /** In the official code: `block0.ffn`, say. */
  readonly name: string;
  /** [frames, tokens, width]. */
  readonly values: TensorRef;
}

/** What the policy found for a finished attempt. */
export interface ReviewEvent extends Timed {
  readonly kind: 'review';
  readonly block: number;
  readonly attempt: number;
  /** D_t, and mu, sigma and mu + lambda sigma of the accepted severities before it; null where nothing was measured. */
  readonly severity: number | null;
  readonly mean: number | null;
  readonly std: number | null;
  readonly threshold: number | null;
  /** S_t: token indices, ascending; null where nothing was measured. */
  readonly unstable: readonly number[] | null;
  /** Whether the attempt was rejected: what was pruned before the next one, else null. */
  readonly pruned: readonly number[] | null;
  /** d_i [grid height, grid width]; null where nothing was measured. */
  readonly drift: TensorRef | null;
}

/** The call that writes a finished block into the cache, clean. */
export interface WriteEvent extends Timed {
  readonly kind: 'write';
  readonly block: number;
  readonly firstFrame: number;
  readonly seen: Seen;
}

/** A block joined the video. */
export interface BlockEvent extends Timed {
  readonly kind: 'block';
  readonly block: number;
  readonly firstFrame: number;
  readonly frames: number;
  /** Whether it was given, not generated. */
  readonly given: boolean;
  readonly attempts: number;
  readonly triggered: boolean;
  /** Time that it took, its pictures included where they are made during the rollout. */
  readonly seconds: number;
  /** Device memory that is held, in bytes. */
  readonly memory: number;
  /** Clean latents [frames, channels, height, width], where they were asked for. */
  readonly latents: TensorRef | null;
}

/** Pictures of a block. */
export interface PicturesEvent extends Timed {
  readonly kind: 'pictures';
  readonly block: number;
  readonly attempt: number;
  /**
   * `video`: those of the video, thumbnails of them. `preview`: the same by the tiny VAE. `rejected`: of an attempt that
   * was not kept. `x0`: what the calls of an attempt predicted for the block's last latent frame, one a call, by a linear
   * map from latents to colours. For Rolling Forcing a block is in the calls of several windows, the first attempts of
   * those before its own included.
   */
  readonly role: 'video' | 'preview' | 'rejected' | 'x0';
  readonly sheet: Sheet;
  /** Number of the first picture in the video; for `x0` which of the block's calls the first one is, from 0. */
  readonly first: number;
}

export interface EndEvent extends Timed {
  readonly kind: 'end';
  readonly status: 'finished' | 'stopped' | 'failed';
  readonly message: string | null;
}
