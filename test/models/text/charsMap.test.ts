import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCharsMap } from '../../../src/models/wan/text/charsMap.js';
import { toyWorld } from '../../../src/node/model/toyWorld.js';

// sentencepiece's nmt_nfkc, as umT5 has it.
const base64: string = JSON.parse(readFileSync(join(toyWorld, 'tokenizer.json'), 'utf8')).normalizer.normalizers[0]
  .precompiled_charsmap;
const normalize = readCharsMap(base64);

describe('character map', () => {
  it.each([
    ['plain text', 'plain text'],
    ['ＡＢＣ\u3000①½…', 'ABC 11⁄2...'],
    ['e\u0301', 'é'],
    ['tab\tand\r\nline', 'tab and line'],
    ['\u0007bell\u00ad', 'bell\u00ad'],
  ])('maps %j', (text, expected) => expect(normalize(text)).toBe(expected));

  it('replaces a short cluster by what its beginning maps to, and a long one character by character', () => {
    expect(normalize('ﬁ\u0301')).toBe('fi'); // 5 bytes: the accent is lost, as in the Rust library
    expect(normalize('ﬁ\u0301\u0302')).toBe('fi\u0301\u0302'); // 7 bytes
    expect(normalize('e\u0323\u0301')).not.toBe('e\u0323\u0301'.normalize('NFKC'));
  });

  it('does the same to a cluster wherever it lies in a long text', () => {
    const cluster = fc.constantFrom(
      'a',
      'e\u0301',
      'ﬁ\u0301',
      '👨‍👩‍👧',
      '🇫🇷',
      '각',
      '\r\n',
      `x${'\u0301'.repeat(300)}`,
    );
    fc.assert(
      fc.property(fc.array(cluster, { minLength: 100, maxLength: 400 }), (clusters) => {
        // A full stop on both sides keeps the flags of neighbours apart.
        const parts = clusters.map((part) => `.${part}.`);
        expect(normalize(parts.join(''))).toBe(parts.map(normalize).join(''));
      }),
      { numRuns: 50 },
    );
  });

  it('of nothing changes nothing, and refuses what is no map', () => {
    expect(readCharsMap('')('ﬁ')).toBe('ﬁ');
    for (const bytes of [[1], [0, 0, 0, 0], [4, 0, 0, 0, 1], [3, 0, 0, 0, 1, 2, 3]]) {
      expect(() => readCharsMap(Buffer.from(bytes).toString('base64'))).toThrow(
        'expected a character map with its trie',
      );
    }
  });

  it('reads damaged tries without failing', () => {
    const whole = Buffer.from(base64, 'base64');
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(3000), fc.nat(255))), fc.string({ unit: 'binary' }), (changes, text) => {
        const damaged = Buffer.from(whole);
        for (const [position, value] of changes) damaged[4 + position] = value;
        expect(typeof readCharsMap(damaged.toString('base64'))(text)).toBe('string');
      }),
      { numRuns: 50 },
    );
  });
});
