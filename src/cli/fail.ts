import pc from 'picocolors';
import { TokenTrimError } from '../errors.js';

/** Prints one message for the person at the terminal and makes the exit status 1; a stack only for a bug of ours. */
export function fail(error: unknown): void {
  process.exitCode = 1;
  const isExpected = error instanceof TokenTrimError;
  const message =
    error instanceof Error ? (isExpected ? error.message : (error.stack ?? error.message)) : String(error);
  process.stderr.write(`${pc.red('error:')} ${message}\n`);
}
