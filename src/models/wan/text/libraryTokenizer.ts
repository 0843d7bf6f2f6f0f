import { Tokenizer } from '@huggingface/tokenizers';

/** Finds which pieces of the vocabulary a sequence of characters begins with. */
export interface PieceTrie {
  common_prefix_search(characters: readonly string[], begin: number): Iterable<string>;
}

/** What we use of `@huggingface/tokenizers`, whose type declarations this module resolution cannot follow. */
interface LibraryTokenizer {
  readonly model: { readonly trie: PieceTrie };
  readonly normalizer: { normalize(text: string): string };
  readonly pre_tokenizer: { pre_tokenize(text: string, options: { section_index: number }): string[] };
}

/** The smallest tokenizer: its parts are replaced one at a time, to get the library's version of a step. */
const EMPTY = {
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: null,
  post_processor: null,
  decoder: null,
  model: { type: 'Unigram', unk_id: 0, vocab: [['<unk>', 0]] },
};

/** The library's trie of a vocabulary. */
export function libraryTrie(vocab: readonly (readonly [string, number])[]): PieceTrie {
  return library({ model: { ...EMPTY.model, vocab } }).model.trie;
}

/** The library's version of a normaliser. */
export function libraryNormalizer(step: object): (text: string) => string {
  const { normalizer } = library({ normalizer: step });
  return (text) => normalizer.normalize(text);
}

/** The library's version of a pre-tokeniser. */
export function libraryPreTokenizer(step: object): (text: string, isFirst: boolean) => string[] {
  const { pre_tokenizer } = library({ pre_tokenizer: step });
  return (text, isFirst) => pre_tokenizer.pre_tokenize(text, { section_index: isFirst ? 0 : 1 });
}

function library(parts: object): LibraryTokenizer {
  return new Tokenizer({ ...EMPTY, ...parts }, {}) as unknown as LibraryTokenizer;
}
