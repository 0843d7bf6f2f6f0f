import * as z from 'zod';
import { tokenDrift, tokenSummary } from '../kernels/drift/tokenDrift.js';
import type { PatchSize } from '../kernels/layout/patchify.js';
import { checkOptions, withDefaults } from '../options/checkOptions.js';
import { type HostTensor, hostTensorSchema, readHost, uploadHost } from '../tensor/hostTensor.js';
import { areFinite, blockNotFinite } from '../tensor/notFinite.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Decision, Policy, Review } from './policy.js';
import { RunningStatistics, severity, unstableTokens } from './severity.js';
import { TOKENTRIM_DEFAULTS, type TokenTrimOptions, tokenTrimSchema, watchedBlocks } from './trimOptions.js';

export { TOKENTRIM_DEFAULTS, type TokenTrimOptions } from './trimOptions.js';

const savedSchema = z.strictObject({ statistics: z.unknown(), previous: hostTensorSchema.nullable() });

const NOT_MEASURED = { mean: null, std: null, threshold: null };

/**
 * TokenTrim (arXiv 2602.00268, Algorithm 1) as a policy that a rollout asks. State: the summary of the last accepted
 * block and the statistics of all accepted severities. `check` chooses the scale of those statistics; one run has one.
 * @param patch the DiT's patch, which defines a token
 */
export function tokenTrim(patch: PatchSize, options: Partial<TokenTrimOptions> = {}): Policy {
  checkOptions('tokenTrim', tokenTrimSchema, options);
  const settings = withDefaults(TOKENTRIM_DEFAULTS, options);
  const statistics = new RunningStatistics();
  let previous: Tensor | undefined; // Z_{t-1} [tokens, components]
  let restored: HostTensor | null = null; // the same of a run that goes on, until there is a device to put it on
  let reviews: Review[] = []; // of the block at hand: the candidate, then each regeneration

  /** What the accepted blocks so far make usual; null where there are none. */
  const usual = (): Pick<Decision, 'mean' | 'std' | 'threshold'> => {
    const { count, mean, std } = statistics;
    if (count === 0) return NOT_MEASURED;
    return { mean, std, threshold: mean + settings.sensitivity * std };
  };

  return {
    check: settings.check,
    maxAttempts: 1 + settings.maxRegenerations,
    get latest() {
      const review = reviews.at(-1);
      return review && { ...review, ...usual() };
    },

    async review(block, candidate) {
      if (restored) previous = uploadHost(candidate.device, restored);
      restored = null;
      if (!previous) return [];
      const review = await measure(candidate, previous, patch, settings.fraction);
      if (!areFinite(review.drift)) throw blockNotFinite(block);
      reviews.push(review);
      const { threshold } = usual();
      // Without an accepted severity to compare with, as for block 1 with a warm-up of 0, nothing is abnormal (our choice).
      const isAbnormal = threshold !== null && review.severity > threshold;
      const mayIntervene = block > watchedBlocks(settings) && reviews.length <= settings.maxRegenerations;
      return isAbnormal && mayIntervene ? review.unstable : [];
    },

    async accept(block, latents) {
      const candidate = reviews.at(0);
      const accepted = reviews.at(-1);
      const decision: Decision = {
        block,
        severity: candidate?.severity ?? null,
        ...(candidate ? usual() : NOT_MEASURED),
        triggered: reviews.length > 1,
        unstable: candidate?.unstable ?? null,
        severityAfter: reviews.length > 1 ? (accepted as Review).severity : null,
        attempts: Math.max(1, reviews.length),
        drift: candidate?.drift ?? null,
        reviews,
      };
      if (accepted && !(settings.skipFirst && block === 1)) statistics.add(accepted.severity);
      reviews = [];
      previous?.dispose();
      restored = null;
      previous = tokenSummary(latents, patch);
      return decision;
    },

    save: async () => ({
      statistics: statistics.save(),
      previous: previous ? await readHost(previous) : restored,
    }),

    restore(saved) {
      const state = savedSchema.parse(saved);
      statistics.restore(state.statistics);
      restored = state.previous;
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
