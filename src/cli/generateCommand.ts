import type { Command } from 'commander';
import { checkOptions, promptOf } from './checkOptions.js';
import type { GenerateFlags } from './generateFlags.js';
import { addGenerateOptions } from './generateOptions.js';
import { GENERATE_HELP } from './helpText.js';
import { drawSeed } from './options.js';
import { chooseOutput } from './output.js';
import { runGenerate } from './runGenerate.js';

export function addGenerateCommand(program: Command): void {
  const command = program
    .command('generate')
    .description('make a video from a prompt, or from pictures and a prompt')
    .argument('[prompt]', 'what to show; in quotes')
    .addHelpText('after', GENERATE_HELP);
  addGenerateOptions(command);
  command.action((argument: string | undefined, flags: GenerateFlags) => {
    chooseOutput(flags);
    const prompt = promptOf(argument, flags.prompt);
    checkOptions(prompt, flags, (name) => command.getOptionValueSource(name) === 'cli');
    return runGenerate(prompt, { ...flags, seed: drawSeed(flags.seed) });
  });
}
