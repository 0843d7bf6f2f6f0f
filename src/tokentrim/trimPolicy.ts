import type { PatchSize } from '../kernels/layout/patchify.js';
import { checkOptions, withDefaults } from '../options/checkOptions.js';
import { adaptiveTrim } from './adaptiveTrim.js';
import { placebo, regenerate } from './controls.js';
import type { Policy } from './policy.js';
import { tokenTrim } from './tokenTrim.js';
import { TRIM_DEFAULTS, type TrimOptions, trimSchema } from './trimOptions.js';

export { TRIM_DEFAULTS, TRIM_POLICIES, type TrimOptions, type TrimPolicyName } from './trimOptions.js';

/**
 * The policy that options name: TokenTrim, one of its controls, or adaptive pruning.
 * @param patch the DiT's patch, which defines a token
 * @param seed of the run, for `placebo`'s draws
 */
export function trimPolicy(patch: PatchSize, options: Partial<TrimOptions> = {}, seed: number | string = 0): Policy {
  checkOptions('trimPolicy', trimSchema, options);
  const { policy, falseAlarms, ...settings } = withDefaults(TRIM_DEFAULTS, options);
  const { fraction, warmup, maxRegenerations, check } = settings;
  switch (policy) {
    case 'adaptive':
      return adaptiveTrim(patch, { fraction, warmup, maxRegenerations, check, falseAlarms });
    case 'tokentrim':
      return tokenTrim(patch, settings);
    case 'placebo':
      return placebo(tokenTrim(patch, settings), seed);
    case 'regenerate':
      return regenerate(tokenTrim(patch, settings));
  }
}
