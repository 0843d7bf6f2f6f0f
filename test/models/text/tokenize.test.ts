import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadTokenizer, type PromptTokenizer } from '../../../src/models/wan/text/tokenize.js';
import { temporaryFolder } from '../../weights/temporary.js';

const TOY = fileURLToPath(new URL('../../../weights/toy-world/tokenizer.json', import.meta.url));

// [text, ids with </s>] by huggingface/tokenizers 0.23.2 (Rust) from the same tokenizer.json.
const CASES = JSON.parse(readFileSync(new URL('./fixtures/toyWorldIds.json', import.meta.url), 'utf8')) as [
  string,
  number[],
][];

// The JavaScript library has NFKC in place of the file's character map, which treats these differently.
const KNOWN_DIFFERENCES = ['stacked marks', '👨‍👩‍👧‍👦', 'jamo', 'zero\u200bwidth'];

describe('tokenizer', () => {
  let tokenizer: PromptTokenizer;
  beforeAll(async () => {
    tokenizer = await loadTokenizer(TOY);
  });

  it('gives the ids of the Rust library', () => {
    const wrong = CASES.filter(([text, expected]) => {
      const { ids, length } = tokenizer.encode(text, 2000);
      return ids.slice(0, length).join() !== expected.join();
    });
    expect(wrong.filter(([text]) => !KNOWN_DIFFERENCES.some((part) => text.includes(part)))).toEqual([]);
    expect(wrong.length).toBeLessThanOrEqual(KNOWN_DIFFERENCES.length);
    expect(tokenizer.vocabSize).toBe(420);
  });

  it('spells unknown characters in bytes', () => {
    const { ids, length } = tokenizer.encode('火', 8);
    expect([...ids.slice(length - 4, length)]).toEqual([3 + 0xe7, 3 + 0x81, 3 + 0xab, 1]);
  });

  it('cuts to textLength - 1 pieces and the end mark, or pads with zeros', () => {
    fc.assert(
      fc.property(fc.constantFrom(...CASES), fc.integer({ min: 1, max: 64 }), ([text], textLength) => {
        const whole = tokenizer.encode(text, 4096);
        const { ids, length } = tokenizer.encode(text, textLength);
        const pieces = [...whole.ids.slice(0, Math.min(whole.length, textLength) - 1)];
        expect([...ids]).toEqual([...pieces, 1, ...Array(textLength - pieces.length - 1).fill(0)]);
        expect(length).toBe(pieces.length + 1);
      }),
    );
  });

  it('makes an empty prompt the end mark alone', () => {
    expect(tokenizer.encode('', 3)).toEqual({ ids: Int32Array.of(1, 0, 0), length: 1 });
    expect(() => tokenizer.encode('a', 0)).toThrow(/at least one token/);
  });

  it('explains a file that is no tokenizer', async () => {
    const folder = await temporaryFolder();
    await expect(loadTokenizer(join(folder, 'none.json'))).rejects.toThrow(/ENOENT/);
    await writeFile(join(folder, 'tokenizer.json'), '{"model": {}}');
    await expect(loadTokenizer(join(folder, 'tokenizer.json'))).rejects.toThrow(
      /expected a tokenizer.json, but it cannot be read/,
    );
    const toy = JSON.parse(readFileSync(TOY, 'utf8'));
    toy.added_tokens = toy.added_tokens.filter((token: { content: string }) => token.content !== '</s>');
    toy.model.vocab[1][0] = '<end>';
    await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(toy));
    await expect(loadTokenizer(join(folder, 'tokenizer.json'))).rejects.toThrow(
      /expected a T5 tokenizer with the token <\/s>/,
    );
  });
});
