import { optionsOf } from '../options/checkOptions.js';
import { flag, number, oneOf } from '../options/fields.js';

/** TokenTrim's parameters; the defaults are the paper's. */
export interface TokenTrimOptions {
  /** p: share of a frame's tokens that counts as unstable. */
  readonly fraction: number;
  /** lambda: standard deviations above the mean from which a severity is abnormal. */
  readonly sensitivity: number;
  /** T_warm: blocks 1 ... warmup are accepted and only feed the statistics. */
  readonly warmup: number;
  /** R: times that a block may be generated again. */
  readonly maxRegenerations: number;
  /** Check the finished block (Algorithm 1), or its first denoising step, where an intervention costs one step. */
  readonly check: 'final' | 'first-step';
  /** Leave block 1 out of the statistics; the warm-up is then one block longer, so that as many feed them (our choice). */
  readonly skipFirst: boolean;
}

/** Parameters of adaptive pruning (`adaptiveTrim.ts`), which always leaves block 1 out. */
export interface AdaptiveOptions extends Pick<TokenTrimOptions, 'fraction' | 'warmup' | 'maxRegenerations' | 'check'> {
  /** Share of stationary blocks that may be made again by chance, at the most. */
  readonly falseAlarms: number;
}

/** Policies that the program has; the last two are controls for the first (`controls.ts`). */
export const TRIM_POLICIES = ['tokentrim', 'adaptive', 'placebo', 'regenerate'] as const;
export type TrimPolicyName = (typeof TRIM_POLICIES)[number];

/**
 * What a run asks whether a block is made again. `sensitivity` and `skipFirst` are of all but `adaptive`, `falseAlarms` is of
 * that alone.
 */
export interface TrimOptions extends TokenTrimOptions, AdaptiveOptions {
  readonly policy: TrimPolicyName;
}

/** The parameters of the paper, with its check of finished blocks. */
export const TOKENTRIM_DEFAULTS: TokenTrimOptions = {
  fraction: 0.1,
  sensitivity: 2,
  warmup: 2,
  maxRegenerations: 1,
  check: 'final',
  skipFirst: false,
};

/** A block of 40 may be made again by chance. */
export const ADAPTIVE_DEFAULTS: AdaptiveOptions = {
  fraction: 0.1,
  warmup: 2,
  maxRegenerations: 1,
  check: 'final',
  falseAlarms: 1 / 40,
};

/** TokenTrim itself. */
export const TRIM_DEFAULTS: TrimOptions = { ...TOKENTRIM_DEFAULTS, ...ADAPTIVE_DEFAULTS, policy: 'tokentrim' };

/** Blocks from block 1 on that are accepted whatever they do. */
export function watchedBlocks(trim: Pick<TrimOptions, 'warmup'> & Partial<TrimOptions>): number {
  return trim.warmup + (trim.skipFirst && trim.policy !== 'adaptive' ? 1 : 0);
}

const isCount = (value: number) => Number.isInteger(value) && value >= 0;

const sharedFields = {
  fraction: sentence('the pruned fraction must be above 0 and at most 1', (value) => value > 0 && value <= 1),
  warmup: sentence('the warm-up must be a whole number of blocks', isCount),
  maxRegenerations: sentence('the number of attempts must be a whole number', isCount),
  check: oneOf(['final', 'first-step']).optional(),
};

const tokenTrimFields = {
  sensitivity: number(
    'TokenTrim: the sensitivity must not be negative',
    (value) => value >= 0,
    'TokenTrim: the sensitivity must be a finite number',
  ).optional(),
  skipFirst: flag.optional(),
};

const adaptiveFields = {
  falseAlarms: sentence('the share of false alarms must be above 0 and below 0.5', (value) => value > 0 && value < 0.5),
};

/** @internal What of TokenTrim's parameters may be chosen. */
export const tokenTrimSchema = optionsOf<Partial<TokenTrimOptions>>()({ ...sharedFields, ...tokenTrimFields });

/** @internal The same of adaptive pruning. */
export const adaptiveSchema = optionsOf<Partial<AdaptiveOptions>>()({ ...sharedFields, ...adaptiveFields });

/** @internal The same where the policy may be chosen too. */
export const trimSchema = optionsOf<Partial<TrimOptions>>()({
  ...{ ...sharedFields, ...tokenTrimFields, ...adaptiveFields },
  policy: oneOf(TRIM_POLICIES).optional(),
});

function sentence(rule: string, isAllowed: (value: number) => boolean) {
  return number(`TokenTrim: ${rule}`, isAllowed).optional();
}
