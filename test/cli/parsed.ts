import { CommanderError } from 'commander';
import { vi } from 'vitest';
import { withHyphens } from '../../src/cli/aliases.js';
import type { GenerateFlags } from '../../src/cli/generateFlags.js';
import { createProgram } from '../../src/cli/program.js';
import { UsageError } from '../../src/cli/usageError.js';

/** What `tokentrim generate` would run with. */
export interface Parsed extends GenerateFlags {
  readonly given: string | undefined;
}

/** Parses a command line of `generate` in this process, and runs nothing. */
export async function parsed(...args: readonly string[]): Promise<Parsed> {
  let found: Parsed | undefined;
  const program = createProgram(async (given, flags) => {
    found = { ...flags, given };
  });
  const silenced = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    await program.parseAsync(withHyphens(['node', 'tokentrim', 'generate', ...args]));
  } finally {
    silenced.mockRestore();
  }
  if (!found) throw new Error(`generate ${args.join(' ')} did not run`);
  return found;
}

/** The message of a command line that is refused as wrong usage. */
export async function misused(...args: readonly string[]): Promise<string> {
  const error = await parsed(...args).then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (error instanceof UsageError || (error instanceof CommanderError && error.exitCode !== 0)) return error.message;
  throw error ?? new Error(`generate ${args.join(' ')} was not refused`);
}
