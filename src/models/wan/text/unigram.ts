import type { PieceTrie } from './libraryTokenizer.js';

/** A unigram model's vocabulary as its file has it. */
export interface UnigramVocabulary {
  /** The piece and its log probability, by id. */
  readonly vocab: readonly (readonly [string, number])[];
  readonly unk_id: number;
  /** Spells what is unknown in the pieces `<0x00>` to `<0xFF>`. */
  readonly byte_fallback: boolean;
}

/** An unknown character costs this much more than the rarest piece. Source: model.rs K_UNK_PENALTY. */
const UNKNOWN_PENALTY = 10;

/**
 * The ids of the most likely pieces of a word, unknown characters in a row fused into one.
 *
 * The library's own search adds scores in another order, which decides ties of repeated characters differently, and
 * knows no bytes; its trie is used.
 * Source: huggingface/tokenizers tokenizers/src/models/unigram/model.rs Unigram::encode_optimized, Unigram::tokenize.
 */
export function unigramEncoder(trie: PieceTrie, model: UnigramVocabulary): (word: string) => number[] {
  const { vocab, unk_id: unknown } = model;
  const ids = new Map(vocab.map(([piece], id) => [piece, id]));
  const unknownScore = vocab.reduce((least, [, score]) => Math.min(least, score), Infinity) - UNKNOWN_PENALTY;
  const byteIds = Array.from({ length: 256 }, (_, byte) => ids.get(byteName(byte)));

  const spell = (characters: readonly string[]) => {
    const string = characters.join('');
    if (!model.byte_fallback || ids.has(string)) return [unknown];
    const bytes = Array.from(new TextEncoder().encode(string), (byte) => byteIds[byte]);
    return bytes.every((id) => id !== undefined) ? bytes : [unknown];
  };

  /** Where the last piece of the best way to each place begins, and its id. */
  const bestPath = (characters: readonly string[]) => {
    const scores = new Float64Array(characters.length + 1).fill(-Infinity);
    const begins = new Int32Array(characters.length + 1).fill(-1);
    const pieces = new Int32Array(characters.length + 1);
    scores[0] = 0;
    for (let begin = 0; begin < characters.length; begin++) {
      const reach = (end: number, id: number, score: number) => {
        if (begins[end] >= 0 && scores[begin] + score <= scores[end]) return;
        scores[end] = scores[begin] + score;
        [begins[end], pieces[end]] = [begin, id];
      };
      let isKnown = false;
      for (const piece of trie.common_prefix_search(characters, begin)) {
        const id = ids.get(piece) as number;
        const end = begin + [...piece].length;
        reach(end, id, vocab[id][1]);
        isKnown ||= end === begin + 1;
      }
      if (!isKnown) reach(begin + 1, unknown, unknownScore);
    }
    return { begins, pieces };
  };

  return (word) => {
    const characters = Array.from(word);
    const { begins, pieces } = bestPath(characters);
    const encoded: number[][] = [];
    for (let end = characters.length; end > 0; ) {
      const id = pieces[end];
      let begin = begins[end];
      while (id === unknown && begin > 0 && pieces[begin] === unknown) begin = begins[begin];
      encoded.push(id === unknown ? spell(characters.slice(begin, end)) : [id]);
      end = begin;
    }
    return encoded.reverse().flat();
  };
}

const byteName = (byte: number) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
