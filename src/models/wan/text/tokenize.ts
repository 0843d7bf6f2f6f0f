import { readFile } from 'node:fs/promises';
import { Tokenizer } from '@huggingface/tokenizers';
import { ensure, TokenTrimError } from '../../../errors.js';

/** A prompt in token ids. */
export interface EncodedPrompt {
  /** Pieces, the end mark, then padding. [textLength] */
  readonly ids: Int32Array;
  /** How many ids come before the padding; at least 1, the end mark. */
  readonly length: number;
}

/** Turns cleaned prompts into token ids. */
export interface PromptTokenizer {
  /** One more than the highest id. */
  readonly vocabSize: number;
  /** Encodes a cleaned prompt; what does not fit into `textLength` ids with the end mark is cut off. */
  encode(prompt: string, textLength: number): EncodedPrompt;
}

const END = '</s>';
const PADDING = '<pad>';

/**
 * Loads a `tokenizer.json` (unigram with Metaspace, as umT5's).
 * Source: Wan-Video/Wan2.1 `wan/modules/tokenizers.py HuggingfaceTokenizer`: the end mark is appended, truncation
 * keeps it, padding goes on the right.
 *
 * Deviation: the library replaces the file's Precompiled character map by NFKC. It differs for some stacked accents,
 * conjoining Hangul and zero-width joiners.
 *
 * @throws TokenTrimError when the file is missing or is not a tokenizer with `</s>`
 */
export async function loadTokenizer(path: string): Promise<PromptTokenizer> {
  const tokenizer = await readTokenizer(path);
  const end = tokenizer.token_to_id(END);
  ensure(
    end !== undefined,
    `${path}: expected a T5 tokenizer with the token ${END}, found none. Use the model's own tokenizer.json.`,
  );
  const padding = tokenizer.token_to_id(PADDING) ?? 0;
  const vocabSize = [...tokenizer.get_vocab().values()].reduce((highest, id) => Math.max(highest, id), 0) + 1;
  const byteIds = byteFallbackIds(tokenizer);
  return {
    vocabSize,
    encode(prompt, textLength) {
      ensure(
        Number.isInteger(textLength) && textLength > 0,
        `expected room for at least one token, found ${textLength}.`,
      );
      const pieces = pieceIds(tokenizer, prompt, byteIds).slice(0, textLength - 1);
      const ids = new Int32Array(textLength).fill(padding);
      ids.set([...pieces, end]);
      return { ids, length: pieces.length + 1 };
    },
  };
}

async function readTokenizer(path: string): Promise<Tokenizer> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new TokenTrimError(`${path}: could not be opened (${(cause as NodeJS.ErrnoException).code}).`, { cause });
  }
  try {
    return new Tokenizer(JSON.parse(text), {});
  } catch (cause) {
    throw new TokenTrimError(
      `${path}: expected a tokenizer.json, but it cannot be read (${(cause as Error).message}): copy the model's own tokenizer.json again`,
      {
        cause,
      },
    );
  }
}

/** The end mark is left to the caller, so that it does not depend on the file's post-processor. */
function pieceIds(tokenizer: Tokenizer, prompt: string, byteIds: readonly number[] | undefined): number[] {
  const { ids, tokens } = tokenizer.encode(prompt, { add_special_tokens: false });
  if (!byteIds) return ids;
  const unknown = tokenizer.model?.unk_token_id;
  const spelled = (index: number) => [...new TextEncoder().encode(tokens[index])].map((byte) => byteIds[byte]);
  return ids.flatMap((id: number, index: number) =>
    id === unknown && tokens[index] !== tokenizer.model?.unk_token ? spelled(index) : [id],
  );
}

/** Ids of the pieces `<0x00>` to `<0xFF>` where the model spells unknown characters in bytes; the library does not. */
function byteFallbackIds(tokenizer: Tokenizer): readonly number[] | undefined {
  const config = tokenizer.model?.config as { byte_fallback?: unknown } | undefined;
  if (config?.byte_fallback !== true) return undefined;
  const ids = Array.from({ length: 256 }, (_, byte) => {
    return tokenizer.token_to_id(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
  });
  return ids.every((id) => id !== undefined) ? ids : undefined;
}
