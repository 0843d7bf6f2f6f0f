import { InvalidArgumentError } from 'commander';
import type { Watching } from '../pipelines/plan/request.js';
import type { WatchedAttention, WatchedPart } from '../pipelines/plan/watching.js';
import type { GenerateFlags } from './generateFlags.js';
import { eachText } from './options.js';

/** What is watched in a run for its trace; undefined where there is none. */
export function watchOf({ trace, report, traceAttention, traceTap }: GenerateFlags): Watching | undefined {
  if ((trace ?? report) === undefined) return undefined;
  return {
    rejected: true,
    ...(traceAttention && { attention: traceAttention.map(readAttention) }),
    ...(traceTap && { taps: traceTap.map(readPart) }),
  };
}

/** `--trace-attention`, which may stand there again. */
export const attentionFlag = eachText((text) => void readAttention(text));
/** `--trace-tap`, which may too. */
export const tapFlag = eachText((text) => void readPart(text));

/** Words such as `token=3,7 block=5 layer=0,15 step=3`. */
function readAttention(text: string): WatchedAttention {
  const example = 'such as "token=3,7 block=5 layer=0,15 step=3"';
  const { token: tokens, ...rest } = readWords(text.split(/\s+/), ['token', 'block', 'layer', 'step'], example);
  if (!tokens) throw new InvalidArgumentError(`expected the tokens that attend, ${example}, found "${text}"`);
  return { tokens, blocks: rest.block, layers: rest.layer, steps: rest.step };
}

/** The name of a part, and words such as `block=5 step=3`. */
function readPart(text: string): WatchedPart {
  const example = 'such as "block15.ffn block=5 step=3"';
  const [name, ...words] = text.trim().split(/\s+/);
  if (!name || name.includes('='))
    throw new InvalidArgumentError(`expected the name of a part of the DiT, ${example}, found "${text}"`);
  const { block: blocks, step: steps } = readWords(words, ['block', 'step'], example);
  return { name, blocks, steps };
}

function readWords<Key extends string>(
  words: readonly string[],
  keys: readonly Key[],
  example: string,
): Partial<Record<Key, number[]>> {
  const read: Partial<Record<Key, number[]>> = {};
  for (const word of words.filter((each) => each !== '')) {
    const [, key, list] = /^([a-z]+)=(\d+(?:,\d+)*)$/.exec(word) ?? [];
    const known = keys.find((each) => each === key);
    if (!known)
      throw new InvalidArgumentError(`expected ${keys.join('=, ')}= with whole numbers, ${example}, found "${word}"`);
    if (read[known]) throw new InvalidArgumentError(`"${known}=" stands there twice: put its numbers into one list`);
    read[known] = list.split(',').map(Number);
  }
  return read;
}
