import pc from 'picocolors';
import { TokenTrimError } from '../errors.js';
import { emit, emitsEvents } from './output.js';

/** Prints one message for the person at the terminal and makes the exit status 1; a stack only for a bug of ours. */
export function fail(error: unknown): void {
  process.exitCode ||= 1;
  const message = messageOf(error);
  if (emitsEvents()) {
    emit('error', { message });
    return;
  }
  // Colour for a terminal only: picocolors on its own also colours logs, where CI is set.
  const { red } = pc.createColors(process.stderr.isTTY === true && !process.env.NO_COLOR);
  process.stderr.write(`${red('error:')} ${printable(message)}\n`);
}

/** An error in words; with its stack where it is a bug of ours. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof TokenTrimError) return error.message;
  if (error instanceof RangeError && /allocation failed|Invalid typed array length/.test(error.message)) {
    return `there is not enough memory (${error.message}): use a smaller --width, --height or --window`;
  }
  return error.stack ?? error.message;
}

/** Control characters, which a file's name or contents can bring into a message, as what they are: a terminal obeys them. */
function printable(message: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters meant
  return message.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, (found) => {
    return `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** Has a reader that goes away (`| head`) end in a message and a status, in the place of an uncaught EPIPE. */
export function watchOutput(): void {
  let failed = false;
  process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (!failed) fail(new TokenTrimError(`standard output could not be written (${code}): not everything was printed`));
    failed = true;
  });
  process.stderr.on('error', () => {
    process.exitCode ||= 1; // nobody is left to be told
  });
}
