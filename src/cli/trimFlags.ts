import type { Command } from 'commander';
import { TRIM_DEFAULTS } from '../tokentrim/trimPolicy.js';
import { decimal, wholeNumber } from './options.js';

/** What TokenTrim measures by, in every command that has it. */
export function addTrimFlags(command: Command): Command {
  const { fraction, sensitivity, warmup } = TRIM_DEFAULTS;
  return command
    .option(
      '--trim-fraction <p>',
      'share of tokens that counts as unstable',
      decimal('above 0 and up to 1', (v) => v > 0 && v <= 1),
      fraction,
    )
    .option(
      '--trim-sensitivity <x>',
      'standard deviations above the mean that are abnormal',
      decimal('of 0 or more', (v) => v >= 0),
      sensitivity,
    )
    .option('--trim-warmup <n>', 'blocks that are only watched', wholeNumber(0), warmup)
    .option('--trim-skip-first', 'leave block 1 out of the mean and deviation; the warm-up is one block longer');
}
