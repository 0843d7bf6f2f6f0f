import * as z from 'zod';
import { ensure, TokenTrimError } from '../../../errors.js';
import { whatElse } from '../../../weights/foreignFile.js';
import { type AddedToken, addedTokenSchema, assignIds, splitterAt } from './addedTokens.js';
import { libraryTrie } from './libraryTokenizer.js';
import { normalizerOf, preTokenizerOf, stepSchema } from './tokenizerSteps.js';
import { unigramEncoder } from './unigram.js';

/** A prompt in token ids. */
export interface EncodedPrompt {
  /** Pieces, the end mark, then padding. [textLength] */
  readonly ids: Int32Array;
  /** How many ids come before the padding; at least 1, the end mark. */
  readonly length: number;
}

/** A prompt in token ids, and what of it found no room. */
export interface TokenizedPrompt extends EncodedPrompt {
  /** How many ids all of the prompt has, the end mark included; `length` of them are there. */
  readonly found: number;
  /** The end of the cleaned prompt that was cut off; absent where nothing was. */
  readonly dropped?: string;
}

/** Turns cleaned prompts into token ids. */
export interface PromptTokenizer {
  /** One more than the highest id. */
  readonly vocabSize: number;
  /** Encodes a cleaned prompt; what does not fit into `textLength` ids with the end mark is cut off. */
  encode(prompt: string, textLength: number): TokenizedPrompt;
}

const END = '</s>';
const PADDING = '<pad>';

const fileSchema = z.looseObject({
  added_tokens: z.array(addedTokenSchema).default([]),
  normalizer: stepSchema,
  pre_tokenizer: stepSchema,
  model: z.looseObject({
    type: z.literal('Unigram').default('Unigram'),
    vocab: z.array(z.tuple([z.string(), z.number()])),
    unk_id: z.int().nonnegative(),
    byte_fallback: z.boolean().default(false),
  }),
});

/**
 * The tokenizer of a `tokenizer.json` (unigram, as umT5's). The library reads it; where its steps differ from those of the Rust
 * library, which the official code uses, they are ours, so that ids are the same.
 * Source: Wan-Video/Wan2.1 `wan/modules/tokenizers.py HuggingfaceTokenizer`: the end mark is appended, truncation
 * keeps it, padding goes on the right.
 *
 * @param text of the file
 * @param label how errors name it
 * @throws TokenTrimError when it is not a tokenizer with `</s>`
 */
export function createTokenizer(text: string, label: string): PromptTokenizer {
  const { idOf, vocabSize, pieces } = readTokenizer(text, label);
  const end = idOf(END);
  ensure(
    end !== undefined,
    `${label}: expected a T5 tokenizer with the token ${END}, found none. Use the model's own tokenizer.json.`,
  );
  const padding = idOf(PADDING) ?? 0;
  return {
    vocabSize,
    encode(prompt, textLength) {
      ensure(
        Number.isInteger(textLength) && textLength > 0,
        `expected room for at least one token, found ${textLength}.`,
      );
      // The end mark is not left to the file's post-processor, which not every file has.
      const all = labelled(label, pieces)(prompt);
      const kept = all.slice(0, textLength - 1);
      const ids = new Int32Array(textLength).fill(padding);
      ids.set([...kept, end]);
      const dropped = kept.length < all.length ? endBeyond(prompt, kept.length, pieces) : undefined;
      return { ids, length: kept.length + 1, found: all.length + 1, ...(dropped === undefined ? {} : { dropped }) };
    },
  };
}

/** The same function, whose errors are told of the file: what a step of it cannot do shows with a text. */
function labelled<Result>(label: string, body: (text: string) => Result) {
  return (text: string): Result => {
    try {
      return body(text);
    } catch (cause) {
      const { message } = cause as Error;
      throw new TokenTrimError(
        `${label}: it cannot split a prompt (${message}): copy the model's own tokenizer.json again`,
        {
          cause,
        },
      );
    }
  };
}

/** The end of a text that does not fit into `most` pieces: what follows the words that do, and of a word's letters those. */
function endBeyond(text: string, most: number, pieces: (text: string) => number[]): string {
  const fits = (end: number) => pieces(text.slice(0, end)).length <= most;
  const wordEnds = [0];
  for (const { index, 0: word } of text.matchAll(/\S+/gu)) wordEnds.push(index + word.length);
  const start = lastFitting(wordEnds, fits); // of the word that is cut; a letter more may be a piece less in it
  const [word = ''] = /^\s*\S+/u.exec(text.slice(start)) ?? [];
  const letterEnds = [start];
  for (const letter of word) letterEnds.push((letterEnds.at(-1) as number) + letter.length);
  return text.slice(lastFitting(letterEnds, fits)).trimStart();
}

/**
 * The last of rising ends that fits, of which the first does. It is looked for by doubling and then halving: of a very
 * long text only the beginning is split again.
 */
function lastFitting(ends: readonly number[], fits: (end: number) => boolean): number {
  let [least, beyond] = [0, 1];
  while (beyond < ends.length && fits(ends[beyond])) [least, beyond] = [beyond, 2 * beyond];
  beyond = Math.min(beyond, ends.length);
  while (beyond - least > 1) {
    const middle = Math.floor((least + beyond) / 2);
    if (fits(ends[middle])) least = middle;
    else beyond = middle;
  }
  return ends[least];
}

interface TokenizerFile {
  /** One more than the highest id. */
  readonly vocabSize: number;
  idOf(token: string): number | undefined;
  /** The ids of a text, without the end mark. */
  pieces(text: string): number[];
}

function readTokenizer(text: string, label: string): TokenizerFile {
  try {
    return parseTokenizer(JSON.parse(text));
  } catch (cause) {
    const reason =
      cause instanceof z.ZodError ? z.prettifyError(cause).split('\n').join(' ') : (cause as Error).message;
    throw new TokenTrimError(
      `${label}: expected a tokenizer.json with a Unigram model, but it cannot be read (${reason})${whatElse(text)}: ` +
        "copy the model's own tokenizer.json again",
      { cause },
    );
  }
}

function parseTokenizer(json: object): TokenizerFile {
  const file = fileSchema.parse(json);
  const { vocab, unk_id: unknown } = file.model;
  ensure(unknown < vocab.length, `its unknown piece is ${unknown} of ${vocab.length}`);
  const vocabulary = new Map(vocab.map(([piece], id) => [piece, id]));
  const added = assignIds(file.added_tokens, vocabulary, vocab.length);
  const normalize = normalizerOf(file.normalizer);
  const preTokenize = preTokenizerOf(file.pre_tokenizer);
  const encodeWord = unigramEncoder(libraryTrie(vocab), file.model);
  const splitTyped = splitterAt(byContent(added.filter((token) => !token.normalized)));
  const splitNormalized = splitterAt(
    byContent(
      added.filter((token) => token.normalized),
      normalize,
    ),
  );

  const encodeSection = (section: string, isFirst: boolean) =>
    splitNormalized(normalize(section)).flatMap((part, index) =>
      typeof part === 'number' ? [part] : preTokenize(part, isFirst && index === 0).flatMap(encodeWord),
    );
  return {
    vocabSize: added.reduce((highest, { id }) => Math.max(highest, id), vocab.length - 1) + 1,
    idOf: (token) => added.find(({ content }) => content === token)?.id ?? vocabulary.get(token),
    pieces: (text) =>
      splitTyped(text).flatMap((part, index) => (typeof part === 'number' ? [part] : encodeSection(part, index === 0))),
  };
}

function byContent(tokens: readonly AddedToken[], normalize = (text: string) => text): Map<string, AddedToken> {
  return new Map(tokens.map((token) => [normalize(token.content), token]));
}
