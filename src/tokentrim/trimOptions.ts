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

/** Policies that the program has; the last two are controls for the first (`controls.ts`). */
export const TRIM_POLICIES = ['tokentrim', 'placebo', 'regenerate'] as const;
export type TrimPolicyName = (typeof TRIM_POLICIES)[number];

/** What a run asks whether a block is made again. */
export interface TrimOptions extends TokenTrimOptions {
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

/** TokenTrim itself. */
export const TRIM_DEFAULTS: TrimOptions = { ...TOKENTRIM_DEFAULTS, policy: 'tokentrim' };

/** The last of the blocks 1 ... n that are accepted whatever they do. */
export function watchedBlocks({
  warmup,
  skipFirst = false,
}: Pick<TokenTrimOptions, 'warmup'> & Partial<TokenTrimOptions>) {
  return warmup + (skipFirst ? 1 : 0);
}

const isCount = (value: number) => Number.isInteger(value) && value >= 0;

const tokenTrimFields = {
  fraction: sentence('the pruned fraction must be above 0 and at most 1', (value) => value > 0 && value <= 1),
  sensitivity: number(
    'TokenTrim: the sensitivity must not be negative',
    (value) => value >= 0,
    'TokenTrim: the sensitivity must be a finite number',
  ).optional(),
  warmup: sentence('the warm-up must be a whole number of blocks', isCount),
  maxRegenerations: sentence('the number of attempts must be a whole number', isCount),
  check: oneOf(['final', 'first-step']).optional(),
  skipFirst: flag.optional(),
};

/** @internal What of TokenTrim's parameters may be chosen. */
export const tokenTrimSchema = optionsOf<Partial<TokenTrimOptions>>()(tokenTrimFields);

/** @internal The same where the policy may be too. */
export const trimSchema = optionsOf<Partial<TrimOptions>>()({
  ...tokenTrimFields,
  policy: oneOf(TRIM_POLICIES).optional(),
});

function sentence(rule: string, isAllowed: (value: number) => boolean) {
  return number(`TokenTrim: ${rule}`, isAllowed).optional();
}
