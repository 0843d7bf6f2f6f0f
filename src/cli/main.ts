import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { Command } from 'commander';
import { addConvertCommand } from './convertCommand.js';
import { addDoctorCommand } from './doctorCommand.js';
import { addDownloadCommand } from './downloadCommand.js';
import { fail, watchOutput } from './fail.js';
import { addGenerateCommand } from './generateCommand.js';
import { addInspectCommand } from './inspectCommand.js';
import { addParityCommand } from './parityCommand.js';
import { addSynthesizeCommand } from './synthesizeCommand.js';

// V8 lets its nursery grow while there is garbage to put there; a small one keeps the memory of a long run flat.
setFlagsFromString('--semi-space-growth-factor=1');

const { version, description } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

const program = new Command('tokentrim')
  .description(description)
  .version(version)
  .showHelpAfterError('(tokentrim <command> --help shows the options)');

addGenerateCommand(program);
addParityCommand(program);
addInspectCommand(program);
addConvertCommand(program);
addDoctorCommand(program);
addSynthesizeCommand(program);
addDownloadCommand(program);

watchOutput();
try {
  await program.parseAsync();
} catch (error) {
  fail(error);
}
