import * as z from 'zod';
import type { PatchSize } from '../kernels/layout/patchify.js';
import { checkOptions, withDefaults } from '../options/checkOptions.js';
import type { Decision, Policy, Review } from './policy.js';
import { forecastSeverity, outlierTokens, REMEMBERED } from './severityForecast.js';
import { tokenTrim } from './tokenTrim.js';
import { ADAPTIVE_DEFAULTS, type AdaptiveOptions, adaptiveSchema } from './trimOptions.js';

export { ADAPTIVE_DEFAULTS, type AdaptiveOptions } from './trimOptions.js';

const savedSchema = z.strictObject({ accepted: z.array(z.number()).max(REMEMBERED), measuring: z.unknown() });

const NOT_MEASURED = { mean: null, std: null, threshold: null };

/**
 * Adaptive pruning, which the paper leaves to future work, as a policy beside `tokenTrim`. Drift and severity are the
 * paper's; what differs is when a block is made again, and without which tokens.
 *
 * - A severity is abnormal above the upper end of a prediction interval of those before it, which a stated share of
 *   stationary blocks exceeds at the most, however few, trending or heavy-tailed they are (`forecastSeverity`). `mean` and
 *   `std` of a decision are what was foretold and how far off it may be.
 * - Block 1 is measured and never counts: in real latents it stands apart.
 * - Of the share p of tokens that moved most, only outliers of the drift map are pruned, and one at least: never more than
 *   p, so that a frame keeps most of what it has.
 *
 * @param patch the DiT's patch, which defines a token
 */
export function adaptiveTrim(patch: PatchSize, options: Partial<AdaptiveOptions> = {}): Policy {
  checkOptions('adaptiveTrim', adaptiveSchema, options);
  const { falseAlarms, warmup, maxRegenerations, ...settings } = withDefaults(ADAPTIVE_DEFAULTS, options);
  const measuring = tokenTrim(patch, { ...settings, maxRegenerations: 0 }); // it measures every attempt, and names no token
  const accepted: number[] = []; // severities, the newest last
  let reviews: Review[] = []; // of the block at hand

  const usual = (): Pick<Decision, 'mean' | 'std' | 'threshold'> =>
    forecastSeverity(accepted, falseAlarms) ?? NOT_MEASURED;

  return {
    check: settings.check,
    maxAttempts: 1 + maxRegenerations,
    get latest() {
      const review = reviews.at(-1);
      return review && { ...review, ...usual() };
    },

    async review(block, candidate) {
      await measuring.review(block, candidate);
      const { latest } = measuring;
      if (!latest) return [];
      const { severity, drift } = latest;
      const unstable = outlierTokens(drift, latest.unstable);
      reviews.push({ severity, drift, unstable });
      const { threshold } = usual();
      const isAbnormal = threshold !== null && severity > threshold;
      const mayIntervene = block > warmup && reviews.length <= maxRegenerations;
      return isAbnormal && mayIntervene ? unstable : [];
    },

    async accept(block, latents) {
      const measured = await measuring.accept(block, latents);
      const decision: Decision = {
        ...measured,
        ...(reviews.length > 0 ? usual() : NOT_MEASURED),
        unstable: reviews.at(0)?.unstable ?? null,
        reviews,
      };
      const last = reviews.at(-1);
      if (last && block > 1) accepted.push(last.severity);
      if (accepted.length > REMEMBERED) accepted.shift();
      reviews = [];
      return decision;
    },

    dispose: () => measuring.dispose(),

    save: async () => ({ accepted: [...accepted], measuring: await measuring.save?.() }),

    restore(saved) {
      const state = savedSchema.parse(saved);
      accepted.splice(0, accepted.length, ...state.accepted);
      measuring.restore?.(state.measuring);
    },
  };
}
