import fc from 'fast-check';
import { encodeHeader } from '../../../src/weights/safetensors/encodeHeader.js';
import { openSafetensors } from '../../../src/weights/safetensors/tensorFile.js';
import { memoryBytes } from '../../weights/memoryBytes.js';
import { readSome } from '../support/readSome.js';
import { bytesOf, type FuzzTarget } from '../support/target.js';

/** A file with this header, of the right length, and so many bytes behind it. */
export function fileOf(header: string, dataBytes: number): Uint8Array {
  const text = bytesOf(header);
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

const small = fc.nat(6);
const entry = fc
  .record({
    dtype: fc.constantFrom('F32', 'BF16', 'U8', 'F8_E4M3', 'F4', 'X'),
    shape: fc.array(small),
    begin: small,
    end: small,
  })
  .map(({ begin, end, ...rest }) => ({ ...rest, data_offsets: [begin, end] }));
const header = fc.dictionary(
  fc.oneof(fc.constantFrom('__metadata__', '__proto__', 'a'), fc.string()),
  fc.oneof(entry, fc.jsonValue()),
);

export default {
  kind: 'binary',
  words: ['__metadata__', '"dtype":"F32"', '"shape":[', '"data_offsets":[0,4]', '"__proto__":', '{"a":1,"a":1}'],
  async seeds() {
    const data = new Uint8Array(28);
    const head = encodeHeader(
      'seed',
      [
        { name: 'a', dtype: 'F32', shape: [2, 3], byteLength: 24 },
        { name: 'b.c', dtype: 'BF16', shape: [2], byteLength: 4 },
      ],
      { format: 'pt' },
    );
    return [Buffer.concat([head, data]), encodeHeader('empty', [])];
  },
  grammar: fc.tuple(header, small).map(([fields, bytes]) => fileOf(JSON.stringify(fields), bytes)),
  run: async (bytes) => readSome(await openSafetensors(memoryBytes('a file', bytes))),
} satisfies FuzzTarget;
