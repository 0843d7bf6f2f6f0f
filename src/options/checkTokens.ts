import { TokenTrimError } from '../errors.js';
import { show } from './fields.js';

/**
 * Refuses what is no list of tokens of a frame.
 * @param what says where the list comes from, to begin the message with
 * @param count tokens of a frame
 */
export function checkTokens(what: string, tokens: unknown, count: number): asserts tokens is readonly number[] {
  const refuse = (found: string): never => {
    throw new TokenTrimError(
      `${what} must be an array of token indices, whole numbers from 0 to ${count - 1}, each once, found ${found}`,
    );
  };
  if (!Array.isArray(tokens)) return refuse(show(tokens));
  const seen = new Set<number>();
  for (const [index, token] of tokens.entries()) {
    if (!(Number.isInteger(token) && token >= 0 && token < count)) refuse(`${show(token)} at [${index}]`);
    if (seen.has(token)) refuse(`${token} twice, again at [${index}]`);
    seen.add(token);
  }
}
