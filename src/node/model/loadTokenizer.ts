import { createTokenizer, type PromptTokenizer } from '../../models/wan/text/tokenize.js';
import { readTextFile } from '../files/plainFile.js';

/** umT5's has 17 MB. */
const MAX_BYTES = 2 ** 26;

/**
 * Loads a `tokenizer.json`; see {@link createTokenizer}.
 * @throws TokenTrimError when the file is missing or is not a tokenizer with `</s>`
 */
export async function loadTokenizer(path: string): Promise<PromptTokenizer> {
  return createTokenizer(await readTokenizer(path), path);
}

/** The text of a tokenizer.json. */
export function readTokenizer(path: string): Promise<string> {
  return readTextFile(path, { what: 'a tokenizer.json with a Unigram model', limit: MAX_BYTES });
}
