import type { Command } from 'commander';
import { isBatch } from './batchOptions.js';
import { checkOptions, promptOf } from './checkOptions.js';
import { startOutput } from './earlyOutput.js';
import type { GenerateFlags } from './generateFlags.js';
import { addGenerateOptions } from './generateOptions.js';
import { GENERATE_HELP } from './helpText.js';
import { drawSeed } from './options.js';
import { say } from './output.js';
import { runBatch } from './runBatch.js';
import { runGenerate } from './runGenerate.js';
import { commandOf } from './runResume.js';
import { ensureUsage } from './usageError.js';

/** @param run what is done with a prompt and flags that fit together; tests look at them */
export function addGenerateCommand(program: Command, run: typeof runGenerate = runGenerate): void {
  const command = program
    .command('generate')
    .description('make a video from a prompt, or from pictures and a prompt')
    .argument('[prompt]', 'what to show; in quotes')
    .allowExcessArguments()
    .addHelpText('after', GENERATE_HELP);
  addGenerateOptions(command);
  command.action(async (argument: string | undefined, given: GenerateFlags) => {
    startOutput(given.json);
    ensureUsage(
      command.args.length <= 1,
      `there are ${command.args.length} prompts: put one of several words in quotes`,
    );
    const isChosen = isChosenIn(command);
    if (isBatch(given, isChosen)) {
      const each = promptOf(argument, given.prompt);
      checkOptions(each ?? 'a prompt', given, isChosen);
      return runBatch(each, given);
    }
    const resumed = await resumedCommand(argument, given, command);
    const flags = resumed?.flags ?? given;
    const prompt = resumed ? resumed.prompt : promptOf(argument, flags.prompt);
    checkOptions(prompt, flags, resumed ? () => false : isChosen);
    const seed = drawSeed(flags.seed);
    if (seed !== flags.seed) say(`note: the seed is ${seed}, drawn at random`);
    return run(prompt, { ...flags, seed });
  });
}

/** The command of a run that is gone on with by the name of its state alone; undefined where this one says what to show. */
async function resumedCommand(
  argument: string | undefined,
  flags: GenerateFlags,
  command: Command,
): Promise<{ readonly prompt: string | undefined; readonly flags: GenerateFlags } | undefined> {
  const saysWhat = [argument, flags.prompt, flags.promptsAt, flags.plan].some((said) => said !== undefined);
  if (typeof flags.resume !== 'string' || saysWhat) return undefined;
  const names = Object.keys(flags) as (keyof GenerateFlags)[];
  const chosen = names.filter((name) => command.getOptionValueSource(name) === 'cli');
  const own = Object.fromEntries(chosen.map((name) => [name, flags[name]]));
  const { prompt, flags: said } = await commandOf(flags.resume, own);
  return { prompt, flags: { ...flags, ...said } };
}

/** Whether the user gave an option; what a file says of TokenTrim is passed over where the command line turns it off. */
function isChosenIn(command: Command): (name: keyof GenerateFlags) => boolean {
  const source = (name: keyof GenerateFlags) => command.getOptionValueSource(name);
  const isOverruled = source('trim') === 'cli' || source('preset') === 'cli';
  return (name) => source(name) === 'cli' || (source(name) === 'config' && !isOverruled);
}
