import { ensure } from '../errors.js';
import { checkOptions, checkTokens } from '../options/checkOptions.js';
import { show } from '../options/fields.js';
import { type Answer, answered, type Decision, decision, decisionSchema, type Policy, policySchema } from './policy.js';

/** Times that a block is generated at the most where a policy does not say: far more than a useful one asks for. */
export const DEFAULT_MAX_ATTEMPTS = 16;

const FIELDS = Object.keys(decision({ block: 0 })) as (keyof Decision)[];

/**
 * A policy whose answers are checked before a rollout acts on them: tokens that exist, a decision that is one, and an end
 * to a block's attempts (`maxAttempts`). Both rollouts ask through it, so it is needed only where neither is used.
 * @param tokens of a latent frame
 * @throws TokenTrimError where it is no policy; in `review` and `accept`, where an answer is none
 */
export function checkedPolicy(policy: Policy, tokens: number): Policy {
  checkOptions('the policy', policySchema, policy);
  const most = policy.maxAttempts ?? DEFAULT_MAX_ATTEMPTS;
  let attempts = 0; // at the block at hand

  return {
    check: policy.check,
    maxAttempts: most,
    get latest() {
      return policy.latest;
    },

    async review(block, candidate) {
      const answer: unknown = await policy.review(block, candidate);
      const what = `the policy's answer to the review of block ${block}`;
      if (answer !== 'again') checkTokens(what, answer, tokens, '; "again" has it generated again with none pruned');
      attempts++;
      ensure(
        !answered(answer as Answer).again || attempts < most,
        `the policy would have block ${block} generated again after ${attempts} attempts, and ` +
          `${policy.maxAttempts === undefined ? `${most} is the most where it has no maxAttempts` : `its maxAttempts is ${most}`}` +
          ': answer with no tokens ([]) once a block will do, or give the policy a larger maxAttempts',
      );
      return answer as Answer;
    },

    async accept(block, latents) {
      attempts = 0;
      const made: unknown = await policy.accept(block, latents);
      const absent = FIELDS.filter((field) => (made as Decision | undefined)?.[field] === undefined);
      ensure(
        absent.length === 0,
        () =>
          `the policy's answer to the acceptance of block ${block} must be a decision, found ` +
          `${absent.length === FIELDS.length ? show(made) : `one without ${absent.join(', ')}`}: make it with ` +
          'decision({ block, ... })',
      );
      const what = `the policy's decision on block ${block}`;
      checkOptions(what, decisionSchema, made);
      ensure(made.block === block, () => `\`block\` of ${what} must be ${block}, found ${made.block}`);
      return made;
    },

    dispose: () => policy.dispose(),
  };
}
