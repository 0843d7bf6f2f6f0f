import { optionsOf } from '../options/checkOptions.js';
import { number, oneOf } from '../options/fields.js';

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
}

/** The parameters of the paper, with its check of finished blocks. */
export const TOKENTRIM_DEFAULTS: TokenTrimOptions = {
  fraction: 0.1,
  sensitivity: 2,
  warmup: 2,
  maxRegenerations: 1,
  check: 'final',
};

const isCount = (value: number) => Number.isInteger(value) && value >= 0;

/** @internal What of the parameters may be chosen. */
export const trimSchema = optionsOf<Partial<TokenTrimOptions>>()({
  fraction: sentence('the pruned fraction must be above 0 and at most 1', (value) => value > 0 && value <= 1),
  sensitivity: number(
    'TokenTrim: the sensitivity must not be negative',
    (value) => value >= 0,
    'TokenTrim: the sensitivity must be a finite number',
  ).optional(),
  warmup: sentence('the warm-up must be a whole number of blocks', isCount),
  maxRegenerations: sentence('the number of attempts must be a whole number', isCount),
  check: oneOf(['final', 'first-step']).optional(),
});

function sentence(rule: string, isAllowed: (value: number) => boolean) {
  return number(`TokenTrim: ${rule}`, isAllowed).optional();
}
