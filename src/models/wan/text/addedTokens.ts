import * as z from 'zod';
import { isWhiteSpace, trimEndOf, trimStartOf } from './whiteSpace.js';

/** An entry of `added_tokens`: a string that becomes one id wherever it is written. */
export const addedTokenSchema = z.looseObject({
  content: z.string(),
  /** Only matched between characters that are not of a word. */
  single_word: z.boolean().default(false),
  /** Takes the white space before it along. */
  lstrip: z.boolean().default(false),
  rstrip: z.boolean().default(false),
  /** Matched in the normalised text, not in what was typed. */
  normalized: z.boolean().default(true),
});

export type AddedToken = z.output<typeof addedTokenSchema> & { readonly id: number };

/**
 * Gives the added tokens their ids as the Rust library does: the vocabulary's where it has the string, else the next
 * free one in the order of the file. The ids that the file states are not asked.
 * Source: huggingface/tokenizers tokenizers/src/tokenizer/added_vocabulary.rs AddedVocabulary::add_tokens.
 */
export function assignIds(
  tokens: readonly z.output<typeof addedTokenSchema>[],
  vocabulary: ReadonlyMap<string, number>,
  vocabularySize: number,
): AddedToken[] {
  const added = new Map<string, AddedToken>();
  let next = vocabularySize;
  for (const token of tokens) {
    if (token.content === '' || added.has(token.content)) continue;
    added.set(token.content, { ...token, id: vocabulary.get(token.content) ?? next++ });
  }
  return [...added.values()];
}

const WORD = '[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}]';
const ENDS_WITH_WORD = new RegExp(`${WORD}$`, 'u');
const STARTS_WITH_WORD = new RegExp(`^${WORD}`, 'u');

/**
 * Cuts a text at added tokens; of those that begin at one place, the longest.
 * Source: huggingface/tokenizers tokenizers/src/tokenizer/added_vocabulary.rs AddedVocabulary::find_matches.
 * @param tokens by the string that is looked for
 * @returns text to what lies between the tokens, and the tokens' ids, in order; nothing empty
 */
export function splitterAt(tokens: ReadonlyMap<string, AddedToken>): (text: string) => (string | number)[] {
  const strings = [...tokens.keys()].filter((string) => string !== '').sort((a, b) => b.length - a.length);
  const pattern = new RegExp(strings.map((string) => string.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|'), 'gu');
  return (text) => {
    const parts: (string | number)[] = [];
    let done = 0;
    for (const match of strings.length > 0 ? text.matchAll(pattern) : []) {
      const token = tokens.get(match[0]) as AddedToken;
      const [before, after] = [text.slice(done, match.index), text.slice(match.index + match[0].length)];
      const neighbour = text.slice(Math.max(0, match.index - 2), match.index);
      if (token.single_word && (ENDS_WITH_WORD.test(neighbour) || STARTS_WITH_WORD.test(after))) continue;
      parts.push(token.lstrip ? trimEndOf(before, isWhiteSpace) : before, token.id);
      done = text.length - (token.rstrip ? trimStartOf(after, isWhiteSpace) : after).length;
    }
    return [...parts, text.slice(done)].filter((part) => part !== '');
  };
}
