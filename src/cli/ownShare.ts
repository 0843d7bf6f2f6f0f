import { chooseShare, SHARES_VARIABLE, type Share, shareOf } from '../batch/share.js';
import { say } from './output.js';
import { asUsage } from './usageError.js';

/**
 * What of a list this process makes, by `--shard` or the environment (`chooseShare`); it is said which share that is.
 * @returns everything, and no share, where nothing says anything
 * @throws UsageError where the environment contradicts itself
 */
export function ownShare<Item>(
  items: readonly Item[],
  given: Share | undefined,
): { readonly items: readonly Item[]; readonly share: Share | undefined } {
  const share = asUsage(() => chooseShare(given, process.env));
  if (!share) {
    const { JOB_COMPLETION_INDEX: index } = process.env;
    if (index) say(`note: JOB_COMPLETION_INDEX is ${index}, and ${SHARES_VARIABLE} does not say of how many: no share`);
    return { items, share: undefined };
  }
  const { index, count, why } = share;
  const own = shareOf(items, share);
  say(`share ${index} of ${count}, ${own.length} of ${items.length}, by ${why}`);
  return { items: own, share: count === 1 ? undefined : { index, count } };
}
