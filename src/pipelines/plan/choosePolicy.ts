import type { TransformerConfig } from '../../models/wan/config.js';
import { patchSize } from '../../models/wan/transformer.js';
import { checkOptions } from '../../options/checkOptions.js';
import { acceptAll, type Policy, policySchema } from '../../tokentrim/policy.js';
import { tokenTrim } from '../../tokentrim/tokenTrim.js';
import type { GenerateRequest } from './generateRequest.js';
import type { Plan } from './plan.js';

/** The policy of a run: what the request brings or makes, TokenTrim, or none for the bidirectional model, which asks none. */
export function choosePolicy(
  { policy, trim }: Pick<GenerateRequest, 'policy' | 'trim'>,
  plan: Plan,
  config: TransformerConfig,
): Policy | undefined {
  if (plan.preset === 'wan') return undefined;
  const patch = patchSize(config);
  if (typeof policy === 'function') {
    const made = policy({ plan, patch });
    checkOptions('the policy', policySchema, made);
    return made;
  }
  return policy ?? (trim === false ? acceptAll : tokenTrim(patch, trim));
}
