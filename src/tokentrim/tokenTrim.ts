import { ensure } from '../errors.js';
import type { PatchSize } from '../kernels/patchify.js';
import { tokenDrift, tokenSummary } from '../kernels/tokenDrift.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Decision, Policy, Review } from './policy.js';
import { RunningStatistics, severity, unstableTokens } from './severity.js';

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

/**
 * TokenTrim (arXiv 2602.00268, Algorithm 1) as a policy that a rollout asks. State: the summary of the last accepted
 * block and the statistics of all accepted severities. `check` chooses the scale of those statistics; one run has one.
 * @param patch the DiT's patch, which defines a token
 */
export function tokenTrim(patch: PatchSize, options: Partial<TokenTrimOptions> = {}): Policy {
  const settings = { ...TOKENTRIM_DEFAULTS, ...options };
  checkOptions(settings);
  const statistics = new RunningStatistics();
  let previous: Tensor | undefined; // Z_{t-1} [tokens, components]
  let reviews: Review[] = []; // of the block at hand: the candidate, then each regeneration

  return {
    check: settings.check,

    async review(block, candidate) {
      if (!previous) return [];
      const review = await measure(candidate, previous, patch, settings.fraction);
      reviews.push(review);
      const { count, mean, std } = statistics;
      // Without an accepted severity to compare with, as for block 1 with a warm-up of 0, nothing is abnormal (our choice).
      const isAbnormal = count > 0 && review.severity > mean + settings.sensitivity * std;
      const mayIntervene = block > settings.warmup && reviews.length <= settings.maxRegenerations;
      return isAbnormal && mayIntervene ? review.unstable : [];
    },

    async accept(block, latents) {
      const { count, mean, std } = statistics;
      const candidate = reviews.at(0);
      const accepted = reviews.at(-1);
      const hasStatistics = candidate !== undefined && count > 0;
      const decision: Decision = {
        block,
        severity: candidate?.severity ?? null,
        mean: hasStatistics ? mean : null,
        std: hasStatistics ? std : null,
        threshold: hasStatistics ? mean + settings.sensitivity * std : null,
        triggered: reviews.length > 1,
        unstable: candidate?.unstable ?? null,
        severityAfter: reviews.length > 1 ? (accepted as Review).severity : null,
        attempts: Math.max(1, reviews.length),
        drift: candidate?.drift ?? null,
        reviews,
      };
      if (accepted) statistics.add(accepted.severity);
      reviews = [];
      previous?.dispose();
      previous = tokenSummary(latents, patch);
      return decision;
    },

    dispose() {
      previous?.dispose();
      previous = undefined;
    },
  };
}

/** Steps 1 to 5 of the method: summary, drift, unstable set, severity. One value a token comes back from the GPU. */
async function measure(candidate: Tensor, previous: Tensor, patch: PatchSize, fraction: number): Promise<Review> {
  const { device } = candidate;
  const distances = device.scope(() => tokenDrift(tokenSummary(candidate, patch), previous)); // [tokens]
  const drift = Array.from(await device.read(distances));
  distances.dispose();
  const unstable = unstableTokens(drift, fraction);
  return { drift, unstable, severity: severity(drift, unstable) };
}

function checkOptions({ fraction, sensitivity, warmup, maxRegenerations }: TokenTrimOptions): void {
  const isCount = (value: number) => Number.isInteger(value) && value >= 0;
  ensure(
    fraction > 0 && fraction <= 1,
    `TokenTrim: the pruned fraction must be above 0 and at most 1, found ${fraction}`,
  );
  ensure(sensitivity >= 0, `TokenTrim: the sensitivity must not be negative, found ${sensitivity}`);
  ensure(isCount(warmup), `TokenTrim: the warm-up must be a whole number of blocks, found ${warmup}`);
  ensure(
    isCount(maxRegenerations),
    `TokenTrim: the number of attempts must be a whole number, found ${maxRegenerations}`,
  );
}
