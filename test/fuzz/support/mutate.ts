import { MAX_BYTES, mutateBytes } from './mutateBytes.js';
import { mutateJson } from './mutateJson.js';
import type { Random } from './random.js';
import { bytesOf, type FuzzTarget, textOf } from './target.js';

/** Words that texts of any kind stumble over. */
const WORDS = [
  '__proto__',
  'constructor',
  '../',
  '\0',
  '\u001b[31m',
  '\u202e',
  '\ufeff',
  '{',
  '}',
  '[',
  ']',
  '"',
  ':',
  '1e999',
  '-1',
  '\n',
];

/**
 * An input for a target, made from one that is known. Most inputs of a JSON target stay JSON.
 * @param others known inputs, of which parts are taken
 */
export function mutate(
  { kind, words = [] }: FuzzTarget,
  bytes: Uint8Array,
  random: Random,
  others: readonly Uint8Array[],
  learned: readonly string[] = [],
): Uint8Array {
  const all = [...words, ...(kind === 'binary' ? [] : WORDS), ...learned];
  if (kind !== 'json' || random.below(4) === 0) return mutateBytes(bytes, random, others, all);
  // Where a line is JSON, as in events, one of the lines is changed.
  const lines = textOf(bytes).split('\n');
  const at = random.below(lines.length);
  try {
    lines[at] = JSON.stringify(mutateJson(JSON.parse(lines[at]), random, all)) ?? 'null';
  } catch {
    return mutateBytes(bytes, random, others, all);
  }
  if (lines.length > 2 && random.below(4) === 0)
    lines.splice(random.below(lines.length), 0, lines[random.below(lines.length)]);
  const made = bytesOf(lines.join('\n'));
  return made.length <= MAX_BYTES ? made : bytes;
}
