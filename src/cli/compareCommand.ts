import { Command, InvalidArgumentError, Option } from 'commander';
import { PRESETS, type Preset } from '../pipelines/plan/plan.js';
import { NAMED_ARMS } from './arms.js';
import { names, repeated, seedList, shard } from './compareLists.js';
import { addGenerateOptions } from './generateOptions.js';
import { FORCE_HELP, path } from './options.js';
import { PROGRESS_FORMS, type ProgressForm } from './output.js';
import { runCompare } from './runCompare.js';

/** The options of `tokentrim compare`; those of `generate` that all arms share come beside them. */
export interface CompareFlags {
  readonly prompts?: string;
  readonly prompt?: readonly string[];
  readonly seeds: readonly string[];
  readonly arms?: readonly string[];
  readonly arm?: readonly string[];
  readonly preset: readonly Preset[];
  readonly out: string;
  readonly shard?: { readonly index: number; readonly count: number };
  readonly reportOnly?: boolean;
  readonly keepVideos?: boolean;
  readonly keepTraces?: boolean;
  readonly force?: boolean;
  readonly progress: ProgressForm;
  readonly quiet?: boolean;
}

/** Options of `generate` that may be given to all arms together. */
const SHARED: readonly string[] = [
  ...['model', 'checkpoint', 'section', 'vae', 'textEncoder', 'tokenizer', 'decoder'],
  ...['frames', 'width', 'height', 'fps', 'steps', 'shift', 'window', 'sink', 'blockFrames', 'contextNoise'],
  ...['trimFraction', 'trimSensitivity', 'trimWarmup', 'trimCheck', 'trimAttempts', 'trimSkipFirst'],
  ...['solver', 'guidance', 'negativePrompt', 'dtype', 'kvDtype'],
  ...['adapter', 'kernels', 'gpuMemory', 'promptCache'],
];

const FIRST_ARMS = ['baseline', 'tokentrim', 'placebo', 'regenerate'];

const HELP = `
Every arm makes a video of every prompt and seed, from the same noise. What is finished is not made again: end it at any
time and run the same line again, or share the pairs among processes with --shard, then once more without it for the
report. --arm "narrow: --trim-fraction 0.05 --trim-check first-step" is an arm of your own; --config in it names a file.`;

/** `tokentrim compare`. */
export function addCompareCommand(program: Command): void {
  const command = program
    .command('compare')
    .description('make the same videos with and without TokenTrim, and with controls, and measure how they drift')
    .allowExcessArguments(false)
    .addHelpText('after', HELP);
  command
    .optionsGroup('What is compared:')
    .option('--prompts <file>', 'prompts, one a line', path)
    .option('-p, --prompt <text>', 'a prompt; may be given several times', repeated)
    .option('--seeds <list>', 'seeds of the noise, such as 0..3 or 2,5,7, each with every prompt', seedList, ['0'])
    .option(
      '--arms <names>',
      `of ${Object.keys(NAMED_ARMS).join(', ')} (default: ${FIRST_ARMS.join(',')}); the first is what the others are compared with`,
      names,
    )
    .option('--arm <text>', 'an arm of your own, "name: options of generate"; may be given several times', repeated)
    .option(
      '--preset <names>',
      `of ${PRESETS.join(', ')}, one or several between commas (default: ${PRESETS[0]})`,
      presets,
    )
    .optionsGroup('Files and reports:')
    .option('-o, --out <folder>', 'where runs and reports go', path, 'comparison')
    .option('--shard <i/n>', 'make only every n-th pair, and no report', shard)
    .option('--report-only', 'make no video: report what is finished')
    .option(
      '--keep-videos',
      'keep the videos, under names that VBench knows: videos/<preset>/<arm>/<prompt>-<seed>.mp4',
    )
    .option('--keep-traces', 'keep a trace of every run, which `view` shows')
    .option('-c, --config <file>', 'options from a JSON file; those given here win', path)
    .option('--force', FORCE_HELP)
    .addOption(new Option('--progress <form>', 'on standard error').choices(PROGRESS_FORMS).default('auto'));
  for (const option of sharedOptions()) command.addOption(option.helpGroup('As for generate, of all arms:'));
  command.helpOption('-h, --help', 'show this');
  command.action((flags: CompareFlags) => {
    const shared = SHARED.filter((name) => ['cli', 'config'].includes(command.getOptionValueSource(name) ?? ''));
    const values = command.opts<Record<string, unknown>>();
    const arms = flags.arms ?? (flags.arm ? ['baseline'] : FIRST_ARMS);
    const preset = flags.preset ?? [PRESETS[0]];
    return runCompare({ ...flags, arms, preset }, Object.fromEntries(shared.map((name) => [name, values[name]])));
  });
}

function sharedOptions(): Option[] {
  const generate = new Command();
  addGenerateOptions(generate);
  return generate.options.filter((option) => SHARED.includes(option.attributeName()));
}

function presets(text: string, before?: readonly Preset[]): Preset[] {
  const given = names(text, before);
  const wrong = given.find((name) => !PRESETS.includes(name as Preset));
  if (wrong !== undefined) throw new InvalidArgumentError(`expected ${PRESETS.join(', ')}, found "${wrong}"`);
  return given as Preset[];
}
