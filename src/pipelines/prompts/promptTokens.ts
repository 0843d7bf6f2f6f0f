import type { Model } from '../../models/wan/model.js';
import { cleanPrompt } from '../../models/wan/text/clean.js';
import { createTokenizer, type TokenizedPrompt } from '../../models/wan/text/tokenize.js';

type Prompted = Pick<Model, 'config' | 'tokenizer' | 'tokenizerLabel' | 'tokens'>;

/**
 * Cleaned prompts in token ids. The model remembers them; the tokenizer is not kept: its vocabulary takes 400 MB
 * at full size.
 */
export async function tokenizePrompts(model: Prompted, prompts: readonly string[]): Promise<TokenizedPrompt[]> {
  const known = model.tokens ?? new Map<string, TokenizedPrompt>();
  if (prompts.some((prompt) => !known.has(prompt))) {
    const tokenizer = createTokenizer(await model.tokenizer(), model.tokenizerLabel);
    for (const prompt of prompts) {
      known.set(prompt, tokenizer.encode(cleanPrompt(prompt), model.config.transformer.text_len));
    }
  }
  return prompts.map((prompt) => known.get(prompt) as TokenizedPrompt);
}

/** Characters of a prompt, and of what was cut off it, that a note quotes. */
const QUOTED = 60;

/**
 * What to tell the user of a prompt that is longer than what the model reads; nothing of one that is not.
 * @param name `a prompt` or `the negative prompt`
 */
export function cutNote(name: string, prompt: string, { length, found, dropped }: TokenizedPrompt): string | undefined {
  if (dropped === undefined) return undefined;
  return (
    `note: ${name} has ${found} tokens and the model reads ${length}: of ${shortened(prompt)} this is cut off: ` +
    `${shortened(dropped)}; say what matters most first, or shorten it`
  );
}

function shortened(text: string): string {
  const characters = [...text];
  return JSON.stringify(characters.length > QUOTED ? `${characters.slice(0, QUOTED).join('')}...` : text);
}
