import { cleanPrompt } from '../../models/wan/text/clean.js';
import { loadTokenizer, type TokenizedPrompt } from '../../models/wan/text/tokenize.js';
import type { ModelFolder } from '../../node/model/modelFolder.js';

type Model = Pick<ModelFolder, 'config' | 'tokenizerPath'>;

const tokenized = new WeakMap<Model, Map<string, TokenizedPrompt>>();

/**
 * Cleaned prompts in token ids. They are remembered as long as the model is open, since a run is planned before it is made;
 * the tokenizer is not: its vocabulary takes 400 MB at full size.
 */
export async function tokenizePrompts(folder: Model, prompts: readonly string[]): Promise<TokenizedPrompt[]> {
  const known = tokenized.get(folder) ?? new Map<string, TokenizedPrompt>();
  tokenized.set(folder, known);
  if (prompts.some((prompt) => !known.has(prompt))) {
    const tokenizer = await loadTokenizer(folder.tokenizerPath);
    for (const prompt of prompts) {
      known.set(prompt, tokenizer.encode(cleanPrompt(prompt), folder.config.transformer.text_len));
    }
  }
  return prompts.map((prompt) => known.get(prompt) as TokenizedPrompt);
}

/** Characters of a prompt, and of what was cut off it, that a note quotes. */
const QUOTED = 60;

/** What to tell the user of a prompt that is longer than what the model reads; nothing of one that is not. */
export function cutNote(prompt: string, { length, found, dropped }: TokenizedPrompt): string | undefined {
  if (dropped === undefined) return undefined;
  return (
    `note: a prompt has ${found} tokens and the model reads ${length}: of ${shortened(prompt)} this is cut off: ` +
    `${shortened(dropped)}; say what matters most first, or shorten it`
  );
}

function shortened(text: string): string {
  const characters = [...text];
  return JSON.stringify(characters.length > QUOTED ? `${characters.slice(0, QUOTED).join('')}...` : text);
}
