import { TokenTrimError } from '../errors.js';

/** A mistake that the command line (or the file of `--config`) alone shows: the program ends with 2, and not with 1. */
export class UsageError extends TokenTrimError {
  override name = 'UsageError';
}

/** Throws a {@link UsageError} with `message` unless `condition` holds. */
export function ensureUsage(condition: unknown, message: string): asserts condition {
  if (!condition) throw new UsageError(message);
}

/** Runs what checks nothing but what the user asked for: what it refuses is a mistake in the asking. */
export function asUsage<Result>(check: () => Result): Result {
  try {
    return check();
  } catch (error) {
    if (error instanceof TokenTrimError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}
