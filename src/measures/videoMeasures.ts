import type { PatchSize } from '../kernels/layout/patchify.js';
import type { ToyPrompt } from './toy/toyPrompt.js';

/** The form of the numbers below; another one where they come to mean something else. */
export const MEASURES_VERSION = 1;

/** Seconds of a video whose values stand by themselves. */
export const SECONDS = [1, 5, 10, 30, 90] as const;

/** What is known of a measure beside its numbers. */
export interface MeasureInfo {
  /** How tables call it. */
  readonly title: string;
  readonly unit: string;
  /** Which way is better; `same`: what changed least is best. */
  readonly better: 'lower' | 'higher' | 'same' | 'neither';
}

/** A measure over time. */
export interface MeasuredSeries {
  /** One value for each of `times`: the mean over what ends there, a second or a block; null where nothing in it has one. */
  readonly values: readonly (number | null)[];
  /** The same at seconds 1, 5, 10, 30 and 90, as far as the video goes. */
  readonly at: Readonly<Record<string, number | null>>;
  /** Over the whole video. */
  readonly mean: number | null;
  /** Over the first and the last 15% of it. */
  readonly first: number | null;
  readonly last: number | null;
  /** |M(first 5 s) - M(last 5 s)|, as long-video papers define it; null where the video is shorter than 10 s. */
  readonly drift: number | null;
}

/** All measures of a video: plain data, the same in JSON. */
export interface VideoMeasures {
  readonly version: typeof MEASURES_VERSION;
  readonly kind: 'video';
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly frames: number;
  readonly seconds: number;
  /** What the toy world's video was to show, where it was measured against that. */
  readonly truth: ToyPrompt | null;
  /** Seconds at which the values of a series end: 1, 2, 3, ... */
  readonly times: readonly number[];
  readonly measures: Readonly<Record<string, MeasuredSeries>>;
}

/** The drift of a video's latents: plain data, the same in JSON. */
export interface LatentMeasures {
  readonly version: typeof MEASURES_VERSION;
  readonly kind: 'latents';
  /** Of a latent frame: [channels, height, width]. */
  readonly shape: readonly [number, number, number];
  readonly frames: number;
  readonly framesPerBlock: number;
  readonly patch: PatchSize;
  readonly blocks: number;
  /** Of the video. */
  readonly fps: number;
  /** Seconds of the video at which each block ends; a series has one value a block. */
  readonly times: readonly number[];
  readonly measures: Readonly<Record<string, MeasuredSeries>>;
}
