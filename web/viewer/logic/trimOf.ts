import type { TrimOptions } from '../../../src/tokentrim/trimOptions.js';
import type { TracedVideo } from '../../../src/trace/format.js';

/** What the drift of a baseline is measured by: the paper's parameters, with no new tries. */
export const MEASURED_BY: TrimOptions = {
  policy: 'tokentrim',
  fraction: 0.1,
  sensitivity: 2,
  warmup: 2,
  maxRegenerations: 0,
  check: 'final',
  skipFirst: false,
  falseAlarms: 1 / 40,
};

/**
 * What was asked in a run and its parameters, and in a baseline those that it was measured by; nothing for a policy of the
 * caller's own. The warm-up is all blocks that are kept whatever they do.
 */
export function trimOf({ trim, method }: TracedVideo): TrimOptions | undefined {
  if (method === 'wan' || trim === 'own') return undefined;
  if (trim === false) return MEASURED_BY;
  return { ...MEASURED_BY, ...trim, warmup: trim.warmup + (trim.skipFirst && trim.policy !== 'adaptive' ? 1 : 0) };
}
