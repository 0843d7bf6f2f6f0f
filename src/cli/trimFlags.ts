import { type Command, Option } from 'commander';
import { TRIM_DEFAULTS, type TrimPolicyName } from '../tokentrim/trimPolicy.js';
import { decimal, wholeNumber } from './options.js';

/** What TokenTrim measures by, as commander gives it. */
export interface TrimFlags {
  readonly trimPolicy: TrimPolicyName;
  readonly trimFraction: number;
  readonly trimSensitivity: number;
  readonly trimWarmup: number;
  readonly trimSkipFirst?: boolean;
  readonly trimFalseAlarms: number;
}

/** The same as options of a policy. */
export function trimOptionsOf(flags: TrimFlags) {
  return {
    policy: flags.trimPolicy,
    fraction: flags.trimFraction,
    sensitivity: flags.trimSensitivity,
    warmup: flags.trimWarmup,
    skipFirst: flags.trimSkipFirst,
    falseAlarms: flags.trimFalseAlarms,
  };
}

/** Its flags, in every command that has them. */
export function addTrimFlags(command: Command, policies: readonly TrimPolicyName[]): Command {
  const { fraction, sensitivity, warmup, falseAlarms } = TRIM_DEFAULTS;
  const controls = policies.includes('placebo') ? '; placebo and regenerate are controls for tokentrim' : '';
  return command
    .addOption(
      new Option('--trim-policy <name>', `what is asked${controls}`).choices(policies).default(TRIM_DEFAULTS.policy),
    )
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
    .option('--trim-skip-first', 'leave block 1 out of the mean and deviation; the warm-up is one block longer')
    .option(
      '--trim-false-alarms <share>',
      'of --trim-policy adaptive: share of blocks that may be made again by chance',
      decimal('above 0 and below 0.5', (v) => v > 0 && v < 0.5),
      falseAlarms,
    );
}
