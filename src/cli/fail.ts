import { CommanderError, type OutputConfiguration } from 'commander';
import pc from 'picocolors';
import { TokenTrimError } from '../errors.js';
import { isVideoOnStandardOutput } from '../media/standardOutput.js';
import { withFlags } from './flags.js';
import { emit, emitsEvents } from './output.js';
import { printable } from './printable.js';
import { noteFailure, printNothing } from './runReport.js';
import { UsageError } from './usageError.js';

/** Exit status of a command line that cannot be meant, as in most programs. */
const USAGE = 2;

/** Prints one message for the person at the terminal and makes the exit status 1, or 2 for usage; a stack only for a bug of ours. */
export function fail(error: unknown): void {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : USAGE; // it has printed what there is to say
    if (error.exitCode === 0) printNothing();
    return;
  }
  process.exitCode ||= error instanceof UsageError ? USAGE : 1;
  const message = messageOf(error);
  noteFailure(message);
  if (emitsEvents()) emit('error', { message });
  else process.stderr.write(formatError(message));
}

/** Has commander's own errors look like ours. */
export const commanderOutput: OutputConfiguration = {
  outputError(text, write) {
    const message = text.replace(/^error: /, '').trimEnd();
    noteFailure(message);
    if (emitsEvents()) emit('error', { message });
    else write(formatError(message));
  },
  /** Hints after an error; events stand alone. */
  writeErr(text) {
    if (!emitsEvents()) process.stderr.write(printable(text));
  },
};

function formatError(message: string): string {
  // Colour for a terminal only: picocolors on its own also colours logs, where CI is set.
  const { red } = pc.createColors(process.stderr.isTTY === true && !process.env.NO_COLOR);
  return `${red('error:')} ${printable(message)}\n`;
}

/** An error in words; with its stack where it is a bug of ours. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof TokenTrimError) return withFlags(error.message);
  if (error instanceof RangeError && /allocation failed|Invalid typed array length/.test(error.message)) {
    return `there is not enough memory (${error.message}): use a smaller --width, --height or --window`;
  }
  return error.stack ?? error.message;
}

/** Says that the object of `--json` found no reader. */
export function failToPrint(error: unknown): void {
  const { code = String(error) } = error as NodeJS.ErrnoException;
  fail(new TokenTrimError(`standard output could not be written (${code}): not everything was printed`));
}

/** Has a reader that goes away (`| head`) end in a message and a status, in the place of an uncaught EPIPE. */
export function watchOutput(): void {
  let failed = false;
  process.stdout.on('error', (error) => {
    if (!failed && !isVideoOnStandardOutput()) failToPrint(error);
    failed = true;
  });
  process.stderr.on('error', () => {
    process.exitCode ||= 1; // nobody is left to be told
  });
}
