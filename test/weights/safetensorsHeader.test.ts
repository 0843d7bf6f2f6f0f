import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TokenTrimError } from '../../src/errors.js';
import { headerLength, parseHeader, type SafetensorsHeader } from '../../src/weights/safetensors/header.js';
import { structureProblem } from '../../src/weights/safetensors/structureProblem.js';

function fileOf(header: string, dataBytes: number): Uint8Array {
  const json = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

function parse(file: Uint8Array): SafetensorsHeader {
  const length = headerLength(file.subarray(0, 8), file.length, 'f');
  return parseHeader(file.subarray(8, 8 + length), file.length - 8 - length, 'f');
}

const tensor = (fields: string) => `{"a":{${fields}}}`;
const good = '"dtype":"F32","shape":[2],"data_offsets":[0,8]';

/** Header, bytes of data after it, and what the message must say. */
const HOSTILE: readonly [why: string, header: string, dataBytes: number, message: RegExp][] = [
  ['not JSON', '{"a": [', 0, /not JSON in UTF-8/],
  ['an array', '[]', 0, /found an array/],
  ['null', 'null', 0, /found null/],
  ['deep nesting', `${'['.repeat(200_000)}${']'.repeat(200_000)}`, 0, /nests more than 3 levels deep/],
  ['a tensor that is no object', '{"a": 1}', 0, /found a number/],
  ['an unknown dtype', tensor('"dtype":"Q7","shape":[1],"data_offsets":[0,4]'), 4, /"Q7" is not a dtype/],
  ['a dtype from Object.prototype', tensor('"dtype":"toString","shape":[1],"data_offsets":[0,4]'), 4, /not a dtype/],
  ['no dtype', tensor('"shape":[1],"data_offsets":[0,4]'), 4, /not a dtype/],
  ['a field too many', tensor(`${good},"strides":[1]`), 8, /unknown field "strides"/],
  ['a __proto__ field', tensor(`${good},"__proto__":{}`), 8, /unknown field "__proto__"/],
  ['a negative size', tensor('"dtype":"F32","shape":[-1,4],"data_offsets":[0,16]'), 16, /\[-1,4\]/],
  [
    'more axes than there can be',
    tensor(`"dtype":"U8","shape":[${Array(65).fill(1)}],"data_offsets":[0,1]`),
    1,
    /at most 64 whole/,
  ],
  ['a fractional size', tensor('"dtype":"F32","shape":[0.5],"data_offsets":[0,2]'), 2, /\[0.5\]/],
  ['a size beyond 2^53', tensor('"dtype":"F32","shape":[9007199254740993],"data_offsets":[0,4]'), 4, /whole numbers/],
  [
    'a product that overflows',
    tensor('"dtype":"F32","shape":[4294967296,4294967296,4294967296],"data_offsets":[0,0]'),
    0,
    /too many bytes/,
  ],
  [
    'a length that does not match',
    tensor('"dtype":"F32","shape":[4],"data_offsets":[0,12]'),
    12,
    /16 bytes, but its offsets hold 12/,
  ],
  ['half a byte', tensor('"dtype":"F4","shape":[3],"data_offsets":[0,2]'), 2, /too many bytes/],
  ['offsets past the end', tensor('"dtype":"F32","shape":[1024],"data_offsets":[0,4096]'), 16, /cut short/],
  ['reversed offsets', tensor('"dtype":"F32","shape":[1],"data_offsets":[8,4]'), 8, /\[8,4\]/],
  ['three offsets', tensor('"dtype":"F32","shape":[1],"data_offsets":[0,4,8]'), 8, /\[0,4,8\]/],
  ['bytes that no tensor owns', tensor(good), 12, /take 8 bytes, but 12 follow/],
  ['a gap', `{"a":{${good}},"b":{"dtype":"U8","shape":[1],"data_offsets":[9,10]}}`, 10, /leaves a gap/],
  ['an overlap', `{"a":{${good}},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}`, 12, /overlaps/],
  ['one tensor twice', `{"a":{${good}},"a":{${good}}}`, 8, /key "a" twice/],
  ['one tensor twice, spelt differently', `{"a":{${good}},"\\u0061":{${good}}}`, 8, /key "a" twice/],
  ['one field twice', tensor(`${good},"dtype":"I32"`), 8, /key "dtype" twice/],
  ['metadata that is no object', '{"__metadata__":[]}', 0, /__metadata__ to be an object/],
];

describe('safetensors header', () => {
  it.each(HOSTILE)('refuses %s', (_why, header, dataBytes, message) => {
    expect(() => parse(fileOf(header, dataBytes))).toThrow(TokenTrimError);
    expect(() => parse(fileOf(header, dataBytes))).toThrow(message);
  });

  it('refuses a length that no file can have, before anything is read', () => {
    const prefix = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 16);
    expect(() => headerLength(prefix, 73, 'f')).toThrow(/claims 1152921504606846976 bytes; expected at most 16777216/);
    expect(() => headerLength(Uint8Array.of(200, 0, 0, 0, 0, 0, 0, 0), 73, 'f')).toThrow(/only 65 follow/);
    expect(() => headerLength(new Uint8Array(0), 0, 'f')).toThrow(/this one has 0 bytes/);
  });

  it('refuses bytes that are not UTF-8', () => {
    const file = fileOf(tensor(good), 8);
    file[10] = 0xff;
    expect(() => parse(file)).toThrow(/not JSON in UTF-8/);
  });

  it('keeps __proto__ an ordinary name', () => {
    const header = parse(fileOf(`{"__proto__":{${good}}}`, 8));
    expect([...header.tensors.keys()]).toEqual(['__proto__']);
    expect(({} as { dtype?: string }).dtype).toBeUndefined();
  });

  it('escapes what a terminal would obey', () => {
    const message = () => parse(fileOf('{"\\u001b[2J\u009b\u202e":{}}', 0));
    expect(message).toThrow(/\\u001b\[2J\\u009b\\u202e/);
  });

  it('never fails with anything but a TokenTrimError on damaged files', () => {
    const whole = fileOf(
      `{"__metadata__":{"format":"pt"},"a":{${good}},"b":{"dtype":"BF16","shape":[2,0],"data_offsets":[8,8]},"c":{"dtype":"U8","shape":[],"data_offsets":[8,9]}}`,
      9,
    );
    expect(parse(whole).tensors.size).toBe(3);
    const edit = fc.record({ at: fc.nat(whole.length - 1), byte: fc.nat(255) });
    let refused = 0;
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 4 }), fc.nat(whole.length), (edits, length) => {
        const file = whole.slice(0, edits.length === 0 ? length : whole.length);
        for (const { at, byte } of edits) if (at < file.length) file[at] = byte;
        try {
          parse(file);
        } catch (error) {
          refused += 1;
          expect(error).toBeInstanceOf(TokenTrimError);
        }
      }),
      { numRuns: 3000 },
    );
    expect(refused).toBeGreaterThan(500);
  });

  it('never fails with anything but a TokenTrimError on any JSON in any field', () => {
    const entry = fc.record({
      dtype: fc.oneof(fc.constant('F32'), fc.jsonValue()),
      shape: fc.jsonValue(),
      data_offsets: fc.jsonValue(),
    });
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.oneof(entry, fc.jsonValue())), fc.jsonValue(), (tensors, metadata) => {
        try {
          parse(fileOf(JSON.stringify({ __metadata__: metadata, ...tensors }), 8));
        } catch (error) {
          expect(error).toBeInstanceOf(TokenTrimError);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('reads metadata that other programs wrote: null as none, and what is no text as its JSON', () => {
    const metadata = (text: string) => [...parse(fileOf(`{"__metadata__":${text}}`, 0)).metadata];
    expect(metadata('null')).toEqual([]);
    expect(metadata('{"step":5,"name":"x","nothing":null,"list":[1,2]}')).toEqual([
      ['step', '5'],
      ['name', 'x'],
      ['nothing', 'null'],
      ['list', '[1,2]'],
    ]);
  });

  it('finds a repeated key in any JSON, and none where there is none', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), fc.boolean(), (record, pretty) => {
        const text = JSON.stringify(record, null, pretty ? 2 : 0);
        expect(structureProblem(text, 1000)).toBeUndefined();
        const key = Object.keys(record)[0];
        const nested = JSON.stringify({ deep: [record] }).slice(0, -3);
        expect(structureProblem(`${nested},${JSON.stringify(key)} : 0}]}`, 1000)).toMatch(/has the key .* twice/);
      }),
    );
  });
});
