import { CommanderError } from 'commander';
import { withHyphens } from '../../../src/cli/aliases.js';
import { candidates } from '../../../src/cli/candidates.js';
import { createProgram } from '../../../src/cli/program.js';
import { bytesOf, type FuzzTarget, textOf } from '../support/target.js';

const program = createProgram(async () => {});
const quiet = { writeOut: () => {}, writeErr: () => {}, outputError: () => {} };
program.configureOutput(quiet);
for (const command of program.commands) command.configureOutput(quiet);

/** The words of a command line of `generate`, and their completion. */
export default {
  kind: 'text',
  words: program.commands.flatMap(({ options }) => options.map(({ long }) => `${long}\n`)),
  seeds: async () => [
    bytesOf('a red circle\n--frames\n33\n--size\n64x64\n--steps\n1000,500\n--seed\n7'),
    bytesOf('-p\na circle\n--no-trim\n--trim_fraction=0.2\n--flowmo\nall\n--kernels\nlinear=plain'),
  ],
  async run(bytes) {
    const words = textOf(bytes).split('\n').slice(0, 50);
    const args = ['node', 'tokentrim', 'generate', ...words.filter((word) => !word.startsWith('--config'))];
    candidates(program, args.slice(2));
    await program.parseAsync(withHyphens(args)).catch((error: unknown) => {
      if (!(error instanceof CommanderError)) throw error;
    });
  },
} satisfies FuzzTarget;
