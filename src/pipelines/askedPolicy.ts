import type { Model } from '../models/wan/model.js';
import { patchSize } from '../models/wan/transformer.js';
import { checkOptions } from '../options/checkOptions.js';
import { acceptAll, type Policy, policySchema } from '../tokentrim/policy.js';
import { tokenTrim } from '../tokentrim/tokenTrim.js';
import { trimPolicy } from '../tokentrim/trimPolicy.js';
import { isBlockwise, type Plan } from './plan/plan.js';
import type { RunInputs } from './plan/request.js';

/** What a run asks: what the caller brings or makes, what the plan names, or nothing where no policy is asked. */
export function askedPolicy({ config }: Model, plan: Plan, { policy, watch }: RunInputs): Policy | undefined {
  if (!isBlockwise(plan)) return undefined;
  const patch = patchSize(config.transformer);
  const own = typeof policy === 'function' ? policy({ plan, patch }) : policy;
  if (policy !== undefined) checkOptions('the policy', policySchema, own);
  if (own) return own;
  if (plan.trim && plan.trim !== 'own') return trimPolicy(patch, plan.trim, drawSeed(plan));
  return watch ? tokenTrim(patch, { maxRegenerations: 0 }) : acceptAll;
}

/** Another text for other noise, for what a policy draws; noise of the caller's own has no name. */
function drawSeed({ noise }: Plan): string {
  if (noise === 'own') return noise;
  return 'seed' in noise ? noise.seed : noise.sha256;
}
