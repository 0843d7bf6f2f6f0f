import fc from 'fast-check';
import { cleanPrompt } from '../../../src/models/wan/text/clean.js';
import { createTokenizer } from '../../../src/models/wan/text/tokenize.js';
import { type FuzzTarget, jsonOf, textOf } from '../support/target.js';

const VOCAB = [
  ['<pad>', 0],
  ['</s>', 0],
  ['<unk>', 0],
  ['▁', -2],
  ['▁a', -3],
  ['red', -4],
  ['r', -5],
  ['e', -5],
  ['d', -5],
  ['<0x41>', -6],
];
// One entry, "A" to "b", as sentencepiece lays it out; mutations change it.
const MAP = Buffer.concat([
  Buffer.from(Uint32Array.of(4 * 260).buffer),
  Buffer.alloc(4 * 260),
  Buffer.from('b\0cc\0'),
]).toString('base64');

const tokenizer = (normalizers: object[], pretokenizers: object[], more = {}) => ({
  added_tokens: [
    { id: 1, content: '</s>', single_word: false, lstrip: true, rstrip: true, normalized: false, special: true },
  ],
  normalizer: { type: 'Sequence', normalizers },
  pre_tokenizer: { type: 'Sequence', pretokenizers },
  model: { type: 'Unigram', unk_id: 2, vocab: VOCAB, ...more },
});
const STEPS = [
  { type: 'Precompiled', precompiled_charsmap: MAP },
  { type: 'Replace', pattern: { Regex: ' {2,}' }, content: ' ' },
  { type: 'Replace', pattern: { String: 'a' }, content: 'aa' },
  ...['NFKC', 'NFD', 'Lowercase', 'StripAccents', 'BertNormalizer', 'Nmt'].map((type) => ({ type })),
  { type: 'Strip', strip_left: true, strip_right: true },
  { type: 'Prepend', prepend: '▁' },
];
const SPLITS = [
  { type: 'WhitespaceSplit' },
  { type: 'Metaspace', replacement: '▁', prepend_scheme: 'first' },
  { type: 'Split', pattern: { Regex: '\\s+' }, behavior: 'Isolated', invert: false },
  ...['Punctuation', 'Digits', 'ByteLevel', 'BertPreTokenizer', 'Whitespace'].map((type) => ({ type })),
];
const PROMPTS = [
  '',
  ' ',
  'a red  circle',
  'A</s>b</s> a',
  'é\u0301\u200d👩‍👩‍👧',
  `${'a '.repeat(300)}!`,
  '\u0000\ufeff\ud800',
];

export default {
  kind: 'json',
  words: ['Precompiled', 'Replace', 'Split', 'Sequence', '(a+)+$', '(.*)*', '\\p{L}', '<unk>', '▁', '</s>'],
  seeds: async () => [
    jsonOf(tokenizer([STEPS[0]], SPLITS.slice(0, 2))),
    jsonOf(tokenizer(STEPS, SPLITS, { byte_fallback: true })),
  ],
  grammar: fc
    .tuple(fc.array(fc.constantFrom(...STEPS)), fc.array(fc.constantFrom(...SPLITS)), fc.boolean())
    .map(([steps, splits, fallback]) => jsonOf(tokenizer(steps, splits, { byte_fallback: fallback }))),
  run(bytes) {
    const made = createTokenizer(textOf(bytes), 'tokenizer.json');
    for (const prompt of PROMPTS) made.encode(cleanPrompt(prompt), 16);
  },
} satisfies FuzzTarget;
