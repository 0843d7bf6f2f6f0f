import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { cleanPrompt } from '../../../src/models/wan/text/clean.js';
import type { PromptTokenizer } from '../../../src/models/wan/text/tokenize.js';
import { loadTokenizer } from '../../../src/node/model/modelTexts.js';
import { temporaryFolder } from '../../weights/temporary.js';

const TOY = fileURLToPath(new URL('../../../weights/toy-world/tokenizer.json', import.meta.url));

// [text, ids with </s>] by huggingface/tokenizers 0.23.2 (Rust) from the same tokenizer.json.
const CASES = JSON.parse(readFileSync(new URL('./fixtures/toyWorldIds.json', import.meta.url), 'utf8')) as [
  string,
  number[],
][];

interface Variant {
  readonly name: string;
  readonly model?: object;
  /** Whether every piece costs the same for each character, so that rounding decides. */
  readonly ties?: boolean;
  readonly cases: readonly [string, number[]][];
}

// The same tokenizer.json with other steps, added tokens and scores, as other conversions have them, and hard strings; ids
// by huggingface/tokenizers 0.23.2 (Rust) from each. `precompiled_charsmap` is left out.
const VARIANTS = JSON.parse(
  readFileSync(new URL('./fixtures/rustVariants.json', import.meta.url), 'utf8'),
) as Variant[];

/** The tokenizer.json of a variant. */
function applyVariant({ name: _, cases: _cases, ties, model, ...parts }: Variant): string {
  const toy = JSON.parse(readFileSync(TOY, 'utf8'));
  const charsMap = toy.normalizer.normalizers[0].precompiled_charsmap;
  const vocab = toy.model.vocab.map(([piece, score]: [string, number]) => [
    piece,
    ties && score !== 0 ? -1.1 * [...piece].length : score,
  ]);
  return JSON.stringify({ ...toy, ...parts, model: { ...toy.model, ...model, vocab } }, (_key, value) =>
    value?.type === 'Precompiled' ? { ...value, precompiled_charsmap: charsMap } : value,
  );
}

describe('tokenizer', () => {
  let tokenizer: PromptTokenizer;
  beforeAll(async () => {
    tokenizer = await loadTokenizer(TOY);
  });

  it('gives the ids of the Rust library', () => {
    const wrong = CASES.filter(([text, expected]) => idsOf(tokenizer, text).join() !== expected.join());
    expect(wrong).toEqual([]);
    expect(tokenizer.vocabSize).toBe(420);
  });

  it.each(VARIANTS)('gives the ids of the Rust library: $name', async (variant) => {
    const path = join(await temporaryFolder(), 'tokenizer.json');
    await writeFile(path, applyVariant(variant));
    const other = await loadTokenizer(path);
    const wrong = variant.cases.filter(([text, expected]) => idsOf(other, text).join() !== expected.join());
    expect(wrong).toEqual([]);
  });

  it('encodes any text in ids of the vocabulary', async () => {
    const path = join(await temporaryFolder(), 'tokenizer.json');
    await writeFile(path, applyVariant(VARIANTS[0]));
    const withUnknowns = await loadTokenizer(path);
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 400 }),
        fc.constantFrom(tokenizer, withUnknowns),
        (text, by) => {
          const ids = idsOf(by, text);
          expect(ids.every((id) => id >= 0 && id < by.vocabSize)).toBe(true);
          expect(ids.indexOf(1)).toBe(ids.length - 1);
          expect(idsOf(by, text)).toEqual(ids);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('takes time with the length of a text, not with its square', () => {
    const seconds = (text: string) => {
      const start = process.cpuUsage();
      tokenizer.encode(text, 512);
      return process.cpuUsage(start).user / 1e6;
    };
    // Intl.Segmenter alone took 28 s for this one.
    expect(seconds('a'.repeat(200_000))).toBeLessThan(8);
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
    expect(tokenizer.encode('', 3)).toEqual({ ids: Int32Array.of(1, 0, 0), length: 1, found: 1 });
    expect(() => tokenizer.encode('a', 0)).toThrow(/at least one token/);
  });

  it('says what of a prompt is cut off: the words that follow those whose pieces fit', () => {
    const words = 'a red circle bounces left and right on a navy background'.split(' ');
    const text = words.join(' ');
    const { found } = tokenizer.encode(text, 512);
    for (let count = 0; count < words.length; count++) {
      const beginning = words.slice(0, count).join(' ');
      const room = tokenizer.encode(beginning, 512).length;
      const cut = tokenizer.encode(text, room);
      expect(cut).toMatchObject({ length: room, found, dropped: words.slice(count).join(' ') });
    }
    expect(tokenizer.encode(text, found)).toMatchObject({ length: found, found });
    expect(tokenizer.encode(text, found)).not.toHaveProperty('dropped');
  });

  it('says the same of text without spaces and beyond the vocabulary, and what is left fits', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 40 }),
        (raw, room) => {
          const text = cleanPrompt(raw);
          const { length, found, dropped } = tokenizer.encode(text, room);
          expect(length).toBe(Math.min(found, room));
          expect(dropped === undefined).toBe(found <= room);
          if (dropped === undefined) return;
          expect(text.endsWith(dropped)).toBe(true);
          expect(tokenizer.encode(text.slice(0, text.length - dropped.length), 4096).found).toBeLessThanOrEqual(
            room + 1,
          );
        },
      ),
    );
  });

  it('explains a file that is no tokenizer', async () => {
    const folder = await temporaryFolder();
    await expect(loadTokenizer(join(folder, 'none.json'))).rejects.toThrow(/ENOENT/);
    await writeFile(join(folder, 'tokenizer.json'), '{"model": {}}');
    await expect(loadTokenizer(join(folder, 'tokenizer.json'))).rejects.toThrow(
      /expected a tokenizer.json with a Unigram model, but it cannot be read/,
    );
    const toy = JSON.parse(readFileSync(TOY, 'utf8'));
    toy.normalizer.normalizers[0].precompiled_charsmap = 'AAEA';
    await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(toy));
    await expect(loadTokenizer(join(folder, 'tokenizer.json'))).rejects.toThrow(
      /expected a character map with its trie/,
    );
    toy.normalizer = null;
    toy.added_tokens = toy.added_tokens.filter((token: { content: string }) => token.content !== '</s>');
    toy.model.vocab[1][0] = '<end>';
    await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(toy));
    await expect(loadTokenizer(join(folder, 'tokenizer.json'))).rejects.toThrow(
      /expected a T5 tokenizer with the token <\/s>/,
    );
  });
});

/** All ids of a text, with the end mark. */
function idsOf(tokenizer: PromptTokenizer, text: string): number[] {
  const { ids, length } = tokenizer.encode(text, 8192);
  return [...ids.subarray(0, length)];
}
