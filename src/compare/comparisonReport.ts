import type { MeasureInfo } from '../measures/videoMeasures.js';
import type { BootstrapOptions, Estimate } from './bootstrap.js';
import type { Moment } from './moments.js';

export const COMPARISON_VERSION = 1;

/** A measure over time in one arm: the mean over its runs at each time, with a pointwise interval; null where none has one. */
export interface Curve {
  readonly times: readonly number[];
  readonly mean: readonly (number | null)[];
  readonly low: readonly (number | null)[];
  readonly high: readonly (number | null)[];
}

/** What the runs of one arm came to. */
export interface ArmResult {
  readonly preset: string;
  readonly arm: string;
  /** Runs. */
  readonly n: number;
  /** Runs in which a block was generated again, such blocks in all, and all blocks. */
  readonly touched: number;
  readonly interventions: number;
  readonly blocks: number;
  readonly levels: Readonly<Record<string, Readonly<Record<Moment, Estimate>>>>;
  readonly curves: Readonly<Record<string, Curve>>;
}

/** A paired difference. */
export interface Difference extends Estimate {
  /** Pairs whose two numbers differ at all. */
  readonly differing: number;
  /** The difference that so many pairs would have shown in 4 of 5 such comparisons. */
  readonly detectable: number | null;
}

/** An arm less another, pair by pair. */
export interface Contrast {
  readonly preset: string;
  readonly arm: string;
  readonly against: string;
  /** Pairs that both have. */
  readonly n: number;
  /** Pairs whose latents differ somewhere. */
  readonly differing: number;
  readonly differences: Readonly<Record<string, Readonly<Record<Moment, Difference>>>>;
}

/** A run that is in a report, and where what was kept of it lies: paths beside the report. */
export interface ReportedRun {
  readonly preset: string;
  readonly arm: string;
  readonly pair: string;
  readonly prompt: string;
  readonly seed: string;
  /** Blocks that were generated again. */
  readonly interventions: number;
  readonly trace?: string;
  readonly video?: string;
}

/** All that a comparison says: plain data, the same in JSON. */
export interface ComparisonReport {
  readonly version: typeof COMPARISON_VERSION;
  readonly program: string;
  /** What computed the runs; the differences of pairs that two of them computed are those of the adapters as well. */
  readonly adapters: readonly string[];
  readonly baseline: string;
  readonly presets: readonly string[];
  /** With the options of `generate` in which they differ. */
  readonly arms: readonly { readonly name: string; readonly options: string }[];
  readonly prompts: readonly string[];
  readonly seeds: readonly string[];
  readonly video: { readonly frames: number; readonly fps: number; readonly seconds: number };
  readonly bootstrap: Required<BootstrapOptions> & {
    readonly method: 'BCa';
    /** What is drawn: prompts with all their seeds, or, where there are few prompts, pairs. */
    readonly unit: 'prompts' | 'pairs';
  };
  readonly measures: Readonly<Record<string, MeasureInfo>>;
  readonly results: readonly ArmResult[];
  readonly contrasts: readonly Contrast[];
  readonly runs: readonly ReportedRun[];
  /** Pairs, by preset and arm, whose latents differ from the baseline's before the first intervention: there should be none. */
  readonly unequal: readonly {
    readonly preset: string;
    readonly arm: string;
    readonly pair: string;
    readonly block: number;
  }[];
}
