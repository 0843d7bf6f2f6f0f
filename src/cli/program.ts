import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { addAliases } from './aliases.js';
import { addConvertCommand } from './convertCommand.js';
import { addDoctorCommand } from './doctorCommand.js';
import { addDownloadCommand } from './downloadCommand.js';
import { commanderOutput } from './fail.js';
import { addGenerateCommand } from './generateCommand.js';
import { EXIT_STATUS } from './helpText.js';
import { addInspectCommand } from './inspectCommand.js';
import { addParityCommand } from './parityCommand.js';
import { addSynthesizeCommand } from './synthesizeCommand.js';

/** The command line with all its commands; it throws commander's errors in the place of ending the process. */
export function createProgram(): Command {
  const { version, description } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const program = new Command('tokentrim')
    .description(description)
    .version(version)
    .exitOverride()
    .configureOutput(commanderOutput)
    .showHelpAfterError('(tokentrim <command> --help shows the options)')
    .addHelpText('after', `\n${EXIT_STATUS}`);
  addGenerateCommand(program);
  addParityCommand(program);
  addInspectCommand(program);
  addConvertCommand(program);
  addDoctorCommand(program);
  addSynthesizeCommand(program);
  addDownloadCommand(program);
  for (const command of program.commands) addAliases(command);
  return program;
}
