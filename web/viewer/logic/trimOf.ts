import type { TokenTrimOptions } from '../../../src/tokentrim/trimOptions.js';
import type { TracedVideo } from '../../../src/trace/format.js';

/** What the drift of a baseline is measured by: the paper's parameters, with no new tries. */
export const MEASURED_BY: TokenTrimOptions = {
  fraction: 0.1,
  sensitivity: 2,
  warmup: 2,
  maxRegenerations: 0,
  check: 'final',
};

/** TokenTrim's parameters in a run, and in a baseline those that it was measured by; nothing for another policy. */
export function trimOf({ trim, method }: TracedVideo): TokenTrimOptions | undefined {
  if (method === 'wan' || trim === 'own') return undefined;
  return trim === false ? MEASURED_BY : trim;
}
