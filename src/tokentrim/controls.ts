import { TorchGenerator } from '../tensor/random.js';
import { type Answer, answered, type Policy } from './policy.js';

// Controls: what a policy does, less one part of it. Whatever they give as well, the policy did not give by that part.

/**
 * The same trigger, and as many tokens drawn at random in place of those that the policy names. The draw is of the seed,
 * the block and the attempt, and takes nothing of the run's noise.
 * @param seed of the run: the sets of two runs are others
 */
export function placebo(policy: Policy, seed: number | string = 0): Policy {
  let attempt = 0; // at the block at hand
  return changed(policy, (unstable, block, tokens) => {
    const drawn = randomTokens(unstable.length, tokens, hash(`${seed} ${block} ${attempt}`));
    attempt = unstable.length > 0 ? attempt + 1 : 0;
    return drawn;
  });
}

/** The same trigger, and the block is generated again with fresh noise and nothing pruned. */
export function regenerate(policy: Policy): Policy {
  return changed(policy, (unstable) => (unstable.length > 0 ? 'again' : []));
}

/** `count` of the tokens 0 ... tokens - 1, ascending; every set is as likely. */
function randomTokens(count: number, tokens: number, seed: number): number[] {
  const keys = new TorchGenerator(seed).randn(tokens);
  return Array.from(keys, (_, token) => token)
    .sort((left, right) => keys[left] - keys[right])
    .slice(0, count)
    .sort((left, right) => left - right);
}

/** 32 bits of a text: FNV-1a (draft-eastlake-fnv, 32-bit constants). */
function hash(text: string): number {
  let bits = 0x811c9dc5;
  for (const letter of text) bits = Math.imul(bits ^ letter.charCodeAt(0), 0x01000193);
  return bits >>> 0;
}

/** A policy with other answers; `change` is given the tokens that it named, and how many a frame has. */
function changed(
  policy: Policy,
  change: (unstable: readonly number[], block: number, tokens: number) => Answer,
): Policy {
  return {
    check: policy.check,
    ...(policy.maxAttempts === undefined ? {} : { maxAttempts: policy.maxAttempts }),
    get latest() {
      return policy.latest;
    },
    async review(block, candidate) {
      const { unstable } = answered(await policy.review(block, candidate));
      return change(unstable, block, policy.latest?.drift.length ?? 0);
    },
    accept: (block, latents) => policy.accept(block, latents),
    dispose: () => policy.dispose(),
    ...(policy.save ? { save: () => policy.save?.() as Promise<unknown> } : {}),
    ...(policy.restore ? { restore: (saved: unknown) => policy.restore?.(saved) } : {}),
  };
}
