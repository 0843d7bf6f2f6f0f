import { ensure } from '../errors.js';
import { bytesOf, type DType, isReadable, type ReadableDType } from './dtype.js';

// Typed arrays read in the machine's byte order; every platform that Node and Dawn support together is little-endian,
// as the files are.

/**
 * The values of raw tensor bytes as float32. F16, BF16 and small integers convert exactly; F64 and wide integers round.
 *
 * @param bytes little-endian data, `elements * itemsize` bytes
 */
export function toFloat32(bytes: Uint8Array, dtype: DType): Float32Array {
  const source = elements(bytes, dtype);
  if (dtype === 'F16') return halfToFloat32(source as Uint16Array);
  if (dtype === 'BF16') return bfloat16ToFloat32(source as Uint16Array);
  if (source instanceof Float32Array) return source;
  if (source instanceof BigInt64Array) return Float32Array.from(source, Number);
  return Float32Array.from(source);
}

/** The values of raw tensor bytes as float64: exact for all but I64 beyond 2^53. */
export function toFloat64Numbers(bytes: Uint8Array, dtype: DType): Float64Array {
  const source = elements(bytes, dtype);
  if (dtype === 'F16' || dtype === 'BF16') return Float64Array.from(toFloat32(bytes, dtype));
  if (source instanceof Float64Array) return source;
  if (source instanceof BigInt64Array) return Float64Array.from(source, Number);
  return Float64Array.from(source);
}

/** IEEE half precision bits to float32, exact. */
export function halfToFloat32(bits: Uint16Array): Float32Array {
  const table = halfTable();
  const values = new Float32Array(bits.length);
  const words = new Uint32Array(values.buffer);
  for (let index = 0; index < bits.length; index += 1) words[index] = table[bits[index]];
  return values;
}

/** bfloat16 bits to float32, exact: bfloat16 is the upper half of a float32. */
export function bfloat16ToFloat32(bits: Uint16Array): Float32Array {
  const words = new Uint32Array(bits.length);
  for (let index = 0; index < bits.length; index += 1) words[index] = bits[index] << 16;
  return new Float32Array(words.buffer);
}

/** float32 to bfloat16 bits, rounding to nearest, ties to even; NaN stays NaN. */
export function float32ToBfloat16(values: Float32Array): Uint16Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const bits = new Uint16Array(words.length);
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index];
    const notANumber = (word & 0x7fffffff) > 0x7f800000;
    bits[index] = notANumber ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  }
  return bits;
}

/** float32 to IEEE half bits, rounding to nearest, ties to even; beyond 65519.99… becomes infinity, NaN stays NaN. */
export function float32ToHalf(values: Float32Array): Uint16Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const bits = new Uint16Array(words.length);
  for (let index = 0; index < words.length; index += 1) {
    bits[index] = ((words[index] >>> 16) & 0x8000) | halfMagnitude(words[index] & 0x7fffffff);
  }
  return bits;
}

function halfMagnitude(word: number): number {
  if (word > 0x7f800000) return 0x7e00 | ((word >>> 13) & 0x3ff);
  if (word >= 0x477ff000) return 0x7c00; // halfway between the largest half and 2^16
  if (word < 0x38800000) return subnormalHalf(word);
  return (word - 0x38000000 + 0xfff + ((word >>> 13) & 1)) >>> 13;
}

const scratch = new Float32Array(1);
const scratchBits = new Uint32Array(scratch.buffer);

/** Counts units of 2^-24: adding 0.5, whose last bit is worth that much, makes the float addition round to them. */
function subnormalHalf(word: number): number {
  scratchBits[0] = word;
  scratch[0] += 0.5;
  return scratchBits[0] - 0x3f000000;
}

let halfBits: Uint32Array | undefined;

function halfTable(): Uint32Array {
  halfBits ??= Uint32Array.from({ length: 65536 }, (_, bits) => {
    const sign = (bits & 0x8000) << 16;
    const exponent = (bits >>> 10) & 0x1f;
    const mantissa = bits & 0x3ff;
    if (exponent === 31) return (sign | 0x7f800000 | (mantissa << 13)) >>> 0;
    if (exponent > 0) return (sign | ((exponent + 112) << 23) | (mantissa << 13)) >>> 0;
    scratch[0] = mantissa * 2 ** -24;
    return (sign | scratchBits[0]) >>> 0;
  });
  return halfBits;
}

const VIEWS = {
  F64: Float64Array,
  F32: Float32Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  I64: BigInt64Array,
  I32: Int32Array,
  I16: Int16Array,
  I8: Int8Array,
  U32: Uint32Array,
  U16: Uint16Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
} as const satisfies Record<ReadableDType, unknown>;

/** A typed view of raw bytes (a copy when they are not aligned); F16 and BF16 come as their 16-bit patterns. */
export function elements(bytes: Uint8Array, dtype: DType) {
  ensure(isReadable(dtype), `${dtype} values are not supported yet: use the bf16 or fp16 file.`);
  const size = bytesOf(dtype);
  ensure(bytes.length % size === 0, `expected whole ${dtype} values of ${size} bytes, found ${bytes.length} bytes.`);
  const aligned = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  return new VIEWS[dtype](aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.length / size);
}
