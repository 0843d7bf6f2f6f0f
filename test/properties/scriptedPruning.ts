import type { RolloutOptions } from '../../src/pipelines/rollout.js';
import { acceptAll, type Policy } from '../../src/tokentrim/policy.js';

/** The tokens to prune before a block is made again, by block. */
export type Script = Readonly<Record<number, readonly number[]>>;

/** Has each of the script's blocks made again, once. */
export function scriptedPolicy(script: Script): Policy {
  const done = new Set<number>();
  return {
    ...acceptAll,
    async review(block) {
      if (!(block in script) || done.has(block)) return [];
      done.add(block);
      return script[block];
    },
  };
}

/** Whether a token was pruned from the cache before `block` was made: every earlier script entry reached it. */
export function isPruned(
  script: Script,
  { framesPerBlock, sink }: RolloutOptions,
  block: number,
  attempt: number,
  frame: number,
  token: number,
): boolean {
  return Object.entries(script).some(([at, tokens]) => {
    const hasHappened = Number(at) < block || (Number(at) === block && attempt > 0);
    return hasHappened && frame >= sink && frame < Number(at) * framesPerBlock && tokens.includes(token);
  });
}
