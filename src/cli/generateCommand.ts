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
  command.action((argument: string | undefined, flags: GenerateFlags) => {
    startOutput(flags.json);
    ensureUsage(
      command.args.length <= 1,
      `there are ${command.args.length} prompts: put one of several words in quotes`,
    );
    const prompt = promptOf(argument, flags.prompt);
    const isChosen = isChosenIn(command);
    if (isBatch(flags, isChosen)) {
      checkOptions(prompt ?? 'a prompt', flags, isChosen);
      return runBatch(prompt, flags);
    }
    checkOptions(prompt, flags, isChosen);
    const seed = drawSeed(flags.seed);
    if (seed !== flags.seed) say(`note: the seed is ${seed}, drawn at random`);
    return run(prompt, { ...flags, seed });
  });
}

/** Whether the user gave an option; what a file says of TokenTrim is passed over where the command line turns it off. */
function isChosenIn(command: Command): (name: keyof GenerateFlags) => boolean {
  const source = (name: keyof GenerateFlags) => command.getOptionValueSource(name);
  const isOverruled = source('trim') === 'cli' || source('preset') === 'cli';
  return (name) => source(name) === 'cli' || (source(name) === 'config' && !isOverruled);
}
