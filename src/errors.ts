/**
 * An error whose message is written for the person at the terminal: what was expected, what was found, what to do.
 * The command line prints the message alone, without a stack, and exits with status 1 (2 where its own arguments are wrong).
 */
export class TokenTrimError extends Error {
  override name = 'TokenTrimError';
}

/** Throws a {@link TokenTrimError} with `message` unless `condition` holds. */
export function ensure(condition: unknown, message: string | (() => string)): asserts condition {
  if (!condition) throw new TokenTrimError(typeof message === 'string' ? message : message());
}
