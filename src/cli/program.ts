import { setImmediate } from 'node:timers/promises';
import { Command } from 'commander';
import { addAliases } from './aliases.js';
import { addCompareCommand } from './compareCommand.js';
import { addCompletionCommand } from './completionCommand.js';
import { applyConfig } from './configFile.js';
import { addConvertCommand } from './convertCommand.js';
import { addDoctorCommand } from './doctorCommand.js';
import { addDownloadCommand } from './downloadCommand.js';
import { takeHeldSignal } from './earlySignal.js';
import { commanderOutput } from './fail.js';
import { learnFlags } from './flags.js';
import { addGenerateCommand } from './generateCommand.js';
import { EXIT_STATUS } from './helpText.js';
import { addInspectCommand } from './inspectCommand.js';
import { addMeasureCommand } from './measureCommand.js';
import { chooseOutput } from './output.js';
import { addParityCommand } from './parityCommand.js';
import { DESCRIPTION, PROGRAM } from './programName.js';
import { addReproduceCommand } from './reproduceCommand.js';
import type { runGenerate as run } from './runGenerate.js';
import { addStatusCommand } from './statusCommand.js';
import { addSynthesizeCommand } from './synthesizeCommand.js';
import { addTraceCommand } from './traceCommand.js';
import { ensureUsage } from './usageError.js';
import { addViewCommand } from './viewCommand.js';

/**
 * The command line with all its commands; it throws commander's errors in the place of ending the process.
 * @param runGenerate what `generate` does; tests look at what it would
 */
export function createProgram(runGenerate?: typeof run): Command {
  const program = new Command('tokentrim')
    .description(DESCRIPTION)
    .version(PROGRAM.version)
    .exitOverride()
    .configureOutput(commanderOutput)
    .showHelpAfterError('(tokentrim <command> --help shows the options)')
    .addHelpText('after', `\n${EXIT_STATUS}`);
  addGenerateCommand(program, runGenerate);
  addReproduceCommand(program);
  addMeasureCommand(program);
  addParityCommand(program);
  addInspectCommand(program);
  addConvertCommand(program);
  addDoctorCommand(program);
  addSynthesizeCommand(program);
  addDownloadCommand(program);
  addCompareCommand(program);
  addStatusCommand(program);
  addTraceCommand(program);
  addViewCommand(program);
  for (const command of program.commands.flatMap(leavesOf)) {
    command.option('-q, --quiet', 'nothing but errors on standard error');
    learnFlags(command);
    addAliases(command);
  }
  addCompletionCommand(program);
  addHelpCommand(program);
  program.hook('preAction', async (_, command) => {
    const { config } = command.opts();
    if (config !== undefined) await applyConfig(command, config);
    chooseOutput(command.opts());
    if (command.name() !== 'generate') await endByHeldSignal();
  });
  return program;
}

/** A command, or in the place of one that has others below it, those. */
const leavesOf = (command: Command): readonly Command[] =>
  command.commands.length > 0 ? command.commands.flatMap(leavesOf) : [command];

/** The default of a signal that came while the program was loading: nothing has begun yet. */
async function endByHeldSignal(): Promise<void> {
  await setImmediate(); // one that came during a long stretch of loading is told of now
  const signal = takeHeldSignal();
  if (signal) process.kill(process.pid, signal);
}

/** As commander's own, but that it refuses a name that is no command. */
function addHelpCommand(program: Command): void {
  const help = program.helpCommand(false).command('help');
  help
    .description('show the help of a command')
    .argument('[command...]')
    .action((names: readonly string[]) => {
      const command = names.reduce<Command | undefined>(
        (found, name) => found?.commands.find((each) => each.name() === name),
        program,
      );
      ensureUsage(command, `unknown command '${names.join(' ')}': \`tokentrim help\` lists them`);
      command.outputHelp();
    });
}
