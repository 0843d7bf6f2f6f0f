import type { DType } from './tensor.js';

// float32 to and from the two 16-bit floats. These loops see every weight of a model, so each is one pass over integers
// without a call inside; bfloat16 goes two values at a time, because a store of 32 bits costs as much as one of 16.

/** Bits of 2^-14: below it, halves are subnormal. */
const SMALLEST_NORMAL = 0x38800000;

/** IEEE half precision bits to float32, exact. */
export function halfToFloat32(bits: Uint16Array): Float32Array {
  const values = new Float32Array(bits.length);
  const words = new Int32Array(values.buffer);
  for (let index = 0; index < bits.length; index += 1) {
    const half = bits[index];
    const size = half & 0x7fff;
    let word = (size << 13) + SMALLEST_NORMAL - (0x400 << 13);
    if (size >= 0x7c00) {
      word = (size << 13) | 0x7f800000; // infinity and NaN
    } else if (size < 0x400) {
      // Subnormal, units of 2^-24: the first bit that is set becomes the one that float32 leaves out.
      const shift = Math.clz32(size) - 21;
      word = size === 0 ? 0 : ((113 - shift) << 23) | (((size << shift) & 0x3ff) << 13);
    }
    words[index] = ((half & 0x8000) << 16) | word;
  }
  return values;
}

/** bfloat16 bits to float32, exact: bfloat16 is the upper half of a float32. */
export function bfloat16ToFloat32(bits: Uint16Array): Float32Array {
  const { length } = bits;
  const words = new Int32Array(length);
  const pairs = pairsOf(bits);
  for (let pair = 0, index = 0; pair < pairs.length; pair += 1, index += 2) {
    words[index] = pairs[pair] << 16;
    words[index + 1] = pairs[pair] & 0xffff0000;
  }
  if (length % 2 === 1) words[length - 1] = bits[length - 1] << 16;
  return new Float32Array(words.buffer);
}

/** float32 to bfloat16 bits, rounding to nearest, ties to even; NaN stays NaN. */
export function float32ToBfloat16(values: Float32Array): Uint16Array {
  const { length } = values;
  const words = new Int32Array(values.buffer, values.byteOffset, length);
  const bits = new Uint16Array(length);
  const pairs = pairsOf(bits);
  for (let pair = 0, index = 0; pair < pairs.length; pair += 1, index += 2) {
    const first = words[index];
    const second = words[index + 1];
    let low = (first + 0x7fff + ((first >>> 16) & 1)) >>> 16;
    let high = (second + 0x7fff + ((second >>> 16) & 1)) & 0xffff0000;
    if ((first & 0x7fffffff) > 0x7f800000) low = (first >>> 16) | 0x40;
    if ((second & 0x7fffffff) > 0x7f800000) high = (second & 0xffff0000) | 0x400000;
    pairs[pair] = low | high;
  }
  if (length % 2 === 1) {
    const word = words[length - 1];
    const isNotANumber = (word & 0x7fffffff) > 0x7f800000;
    bits[length - 1] = isNotANumber ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  }
  return bits;
}

/** Halfway between the largest half and 2^16: rounds to infinity. */
const OVERFLOW = 0x477ff000;

/** float32 to IEEE half bits, rounding to nearest, ties to even; from 65520 on it is infinity, NaN stays NaN. */
export function float32ToHalf(values: Float32Array): Uint16Array {
  const { length } = values;
  const words = new Int32Array(values.buffer, values.byteOffset, length);
  const bits = new Uint16Array(length);
  for (let index = 0; index < length; index += 1) {
    const word = words[index];
    const size = word & 0x7fffffff;
    let half = 0;
    if (size >= SMALLEST_NORMAL && size < OVERFLOW) {
      half = (size - 0x38000000 + 0xfff + ((size >>> 13) & 1)) >>> 13;
    } else if (size >= OVERFLOW) {
      half = size > 0x7f800000 ? 0x7e00 | ((size >>> 13) & 0x3ff) : 0x7c00;
    } else if (size >= 0x33000000) {
      // From 2^-25 on, the smallest number that can round to a unit of 2^-24: the mantissa is shifted to such units.
      const shift = 126 - (size >>> 23);
      const mantissa = (size & 0x7fffff) | 0x800000;
      half = (mantissa + (1 << (shift - 1)) - 1 + ((mantissa >>> shift) & 1)) >>> shift;
    }
    bits[index] = ((word >>> 16) & 0x8000) | half;
  }
  return bits;
}

/** Two values a word, without the last of an odd count; a copy where the values do not begin at a multiple of 4. */
function pairsOf(bits: Uint16Array): Int32Array {
  const aligned = bits.byteOffset % 4 === 0 ? bits : bits.slice();
  return new Int32Array(aligned.buffer, aligned.byteOffset, bits.length >>> 1);
}

/** Largest finite f16; kernels that narrow stop there. */
const MAX_HALF = 65504;

/** Values as they come back from a narrower type, f16 saturating; f32 keeps them in float64, as the twins do. */
export function roundedTo(values: Float64Array, dtype: DType): ArrayLike<number> {
  if (dtype === 'bf16') return bfloat16ToFloat32(float32ToBfloat16(new Float32Array(values)));
  if (dtype !== 'f16') return values;
  const clamped = new Float32Array(values);
  for (let index = 0; index < clamped.length; index++) {
    clamped[index] = Math.min(Math.max(clamped[index], -MAX_HALF), MAX_HALF);
  }
  return halfToFloat32(float32ToHalf(clamped));
}
