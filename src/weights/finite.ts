import { ensure } from '../errors.js';
import { bitsOf, type StoredType } from './storedType.js';

/** The values of a tensor that no computation survives. */
export interface NonFinite {
  readonly nan: number;
  readonly infinite: number;
  /** Position of the first of them, in elements. */
  readonly first: number;
}

/**
 * Where the first NaN or infinity is among raw tensor bytes, in elements; -1 where every value is finite, as those of
 * integer types always are. Made for every byte of a model: one pass over 32-bit words, no value is converted.
 *
 * @param bytes little-endian data of whole elements
 */
export function firstNonFinite(bytes: Uint8Array, dtype: StoredType): number {
  for (const { element } of nonFinite(bytes, dtype)) return element;
  return -1;
}

/** How many values are NaN and how many infinite, and where the first one is; undefined where all are finite. */
export function countNonFinite(bytes: Uint8Array, dtype: StoredType): NonFinite | undefined {
  let [nan, infinite, first, last] = [0, 0, -1, -1];
  for (const { element, isNan } of nonFinite(bytes, dtype)) {
    if (first < 0) first = element;
    if (element === last) continue; // the other half of a complex number
    last = element;
    if (isNan) nan += 1;
    else infinite += 1;
  }
  return first < 0 ? undefined : { nan, infinite, first };
}

/** How a type writes what is not finite: `bits & mask` is `value`, and then it is infinity where `bits & mantissa` is 0. */
interface Encoding {
  readonly bits: 8 | 16 | 32;
  readonly mask: number;
  readonly value: number;
  readonly mantissa: number;
}

const SINGLE: Encoding = { bits: 32, mask: 0x7f800000, value: 0x7f800000, mantissa: 0x7fffff };

/** Types that are not here have no such values. F64 is looked at by its upper words. */
const ENCODINGS: Partial<Record<StoredType, Encoding>> = {
  F64: { bits: 32, mask: 0x7ff00000, value: 0x7ff00000, mantissa: 0xfffff },
  F32: SINGLE,
  C64: SINGLE,
  F16: { bits: 16, mask: 0x7c00, value: 0x7c00, mantissa: 0x3ff },
  BF16: { bits: 16, mask: 0x7f80, value: 0x7f80, mantissa: 0x7f },
  F8_E5M2: { bits: 8, mask: 0x7c, value: 0x7c, mantissa: 3 },
  F8_E4M3: { bits: 8, mask: 0x7f, value: 0x7f, mantissa: 7 },
  F8_E4M3FNUZ: { bits: 8, mask: 0xff, value: 0x80, mantissa: 0x80 },
  F8_E5M2FNUZ: { bits: 8, mask: 0xff, value: 0x80, mantissa: 0x80 },
  F8_E8M0: { bits: 8, mask: 0xff, value: 0xff, mantissa: 0xff },
};

function* nonFinite(bytes: Uint8Array, dtype: StoredType): Generator<{ element: number; isNan: boolean }> {
  const encoding = ENCODINGS[dtype];
  const size = bitsOf(dtype) / 8;
  if (!encoding || bytes.length === 0) return;
  ensure(bytes.length % size === 0, `expected whole ${dtype} values of ${size} bytes, found ${bytes.length} bytes.`);
  const { bits, mask, value, mantissa } = encoding;
  const words = wordsOf(bytes);
  const step = dtype === 'F64' ? 2 : 1;
  for (let word = findWord(words, step - 1, step, encoding); word >= 0; ) {
    for (let shift = 0; shift < 32; shift += bits) {
      const code = words[word] >>> shift;
      const byte = word * 4 + shift / 8;
      const isNan = (code & mantissa) !== 0 || (dtype === 'F64' && words[word - 1] !== 0);
      if ((code & mask) === value && byte < bytes.length) yield { element: Math.floor(byte / size), isNan };
    }
    word = findWord(words, word + step, step, encoding);
  }
}

/**
 * The first word from `start` on, in steps of `step`, in which a lane of `bits` bits has the value under the mask; -1
 * where there is none. A lane that has becomes 0, and 0 is what borrows from the lane's upper bit when 1 is taken off.
 */
function findWord(words: Int32Array, start: number, step: number, { bits, mask, value }: Encoding): number {
  const ones = bits === 8 ? 0x01010101 : bits === 16 ? 0x00010001 : 1;
  const uppers = ones << (bits - 1);
  const masks = Math.imul(mask, ones);
  const values = Math.imul(value, ones);
  for (let word = start; word < words.length; word += step) {
    const lanes = (words[word] & masks) ^ values;
    if (((lanes - ones) & ~lanes & uppers) !== 0) return word;
  }
  return -1;
}

/** The bytes as whole words, the last one filled up with zeros; a copy where they are not so already. */
function wordsOf(bytes: Uint8Array): Int32Array {
  const isWhole = bytes.byteOffset % 4 === 0 && bytes.length % 4 === 0;
  if (isWhole) return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const copy = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
  copy.set(bytes);
  return new Int32Array(copy.buffer);
}
