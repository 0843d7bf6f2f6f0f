import { InvalidArgumentError } from 'commander';
import { readTextFile } from '../node/files/plainFile.js';
import { ensureUsage } from './usageError.js';

/** Longer than any list of prompts. */
const MAX_BYTES = 2 ** 20;

/** Past so many seeds a range is a slip of the keyboard. */
const MOST_SEEDS = 10_000;

/** `--seeds`: `0..4`, `3,5,8` or both, such as `0..2,9`. */
export function seedList(text: string): string[] {
  return text.split(',').flatMap((part) => {
    const [, from, to = from] = /^\s*(\d+)\s*(?:\.\.\s*(\d+)\s*)?$/.exec(part) ?? [];
    const [first, last] = [Number(from), Number(to)];
    if (!Number.isSafeInteger(last) || last < first || last - first >= MOST_SEEDS) {
      throw new InvalidArgumentError(`expected whole numbers such as 0..4 or 3,5,8, found "${text}"`);
    }
    return Array.from({ length: last - first + 1 }, (_, index) => String(first + index));
  });
}

/** `--shard 2/8`. */
export function shard(text: string): { index: number; count: number } {
  const [, index, count] = /^\s*(\d+)\s*\/\s*(\d+)\s*$/.exec(text)?.map(Number) ?? [];
  if (!(index >= 1 && index <= count)) {
    throw new InvalidArgumentError(`expected a share of all shares, such as 2/8, found "${text}"`);
  }
  return { index, count };
}

/** An option that may be given several times, or with several names between commas. */
export function names(text: string, before: readonly string[] = []): string[] {
  const found = text.split(',').map((name) => name.trim());
  if (found.includes('')) throw new InvalidArgumentError(`expected names between commas, found "${text}"`);
  return [...before, ...found];
}

/** An option that may be given several times. */
export function repeated(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}

/**
 * The prompts of a file, one a line, empty lines and those that begin with # left out, and those given by themselves.
 * @throws UsageError where there are none
 */
export async function readPrompts(file: string | undefined, own: readonly string[] = []): Promise<string[]> {
  const text =
    file === undefined ? '' : await readTextFile(file, { what: 'a list of prompts', limit: MAX_BYTES, label: file });
  const listed = text
    .split(/\r\n|\r|\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  const prompts = [...listed, ...own.map((prompt) => prompt.trim())];
  ensureUsage(
    prompts.length > 0 && !prompts.includes(''),
    'there is no prompt: give --prompts FILE with one a line, or --prompt "a red circle on a navy background"',
  );
  return prompts;
}
