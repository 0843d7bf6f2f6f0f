import { ensure } from '../errors.js';
import { bfloat16ToFloat32, halfToFloat32 } from '../tensor/sixteenBit.js';
import { bytesOf, isFloat8, isReadable, type ReadableType, type StoredType } from './storedType.js';

// Typed arrays read in the machine's byte order; every platform that Node and Dawn support together is little-endian,
// as the files are.

/**
 * The values of raw tensor bytes as float32. Floats of 8 and 16 bits and small integers convert exactly; F64 and wide
 * integers round.
 *
 * @param bytes little-endian data, `elements * itemsize` bytes
 */
export function toFloat32(bytes: Uint8Array, dtype: StoredType): Float32Array {
  const source = elements(bytes, dtype);
  if (dtype === 'F16') return halfToFloat32(source as Uint16Array);
  if (dtype === 'BF16') return bfloat16ToFloat32(source as Uint16Array);
  if (isFloat8(dtype)) return lookUp(source as Uint8Array, float8Values(dtype));
  if (source instanceof Float32Array) return source;
  if (source instanceof BigInt64Array) return Float32Array.from(source, Number);
  return new Float32Array(source);
}

/** The values of raw tensor bytes as float64: exact for all but I64 beyond 2^53. */
export function toFloat64Numbers(bytes: Uint8Array, dtype: StoredType): Float64Array {
  const source = elements(bytes, dtype);
  if (dtype === 'F16' || dtype === 'BF16' || isFloat8(dtype)) return new Float64Array(toFloat32(bytes, dtype));
  if (source instanceof Float64Array) return source;
  if (source instanceof BigInt64Array) return Float64Array.from(source, Number);
  return new Float64Array(source);
}

function lookUp(codes: Uint8Array, table: Float32Array): Float32Array {
  const values = new Float32Array(codes.length);
  for (let index = 0; index < codes.length; index += 1) values[index] = table[codes[index]];
  return values;
}

const VIEWS = {
  F64: Float64Array,
  F32: Float32Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  F8_E4M3: Uint8Array,
  F8_E5M2: Uint8Array,
  I64: BigInt64Array,
  I32: Int32Array,
  I16: Int16Array,
  I8: Int8Array,
  U32: Uint32Array,
  U16: Uint16Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
} as const satisfies Record<ReadableType, unknown>;

/** A typed view of raw bytes (a copy when they are not aligned); floats of 8 and 16 bits come as their bit patterns. */
function elements(bytes: Uint8Array, dtype: StoredType) {
  ensure(isReadable(dtype), `${dtype} values are not supported yet: use the bf16 or fp16 file.`);
  const size = bytesOf(dtype);
  ensure(bytes.length % size === 0, `expected whole ${dtype} values of ${size} bytes, found ${bytes.length} bytes.`);
  const aligned = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  return new VIEWS[dtype](aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.length / size);
}

/** 8-bit floats: 4 exponent bits (largest value 448, no infinity), or 5 (the upper byte of a half). */
export type Float8 = 'F8_E4M3' | 'F8_E5M2';

const FLOAT8_VALUES: Readonly<Record<Float8, Float32Array>> = {
  F8_E4M3: Float32Array.from({ length: 256 }, (_, code) => e4m3(code)),
  F8_E5M2: halfToFloat32(Uint16Array.from({ length: 256 }, (_, code) => code << 8)),
};

/**
 * The values of all 256 codes, each exact. Source: "FP8 formats for deep learning" (arXiv 2209.05433), table 1;
 * F8_E4M3 is PyTorch's float8_e4m3fn.
 */
export function float8Values(dtype: Float8): Float32Array {
  return FLOAT8_VALUES[dtype];
}

function e4m3(code: number): number {
  const sign = code & 0x80 ? -1 : 1;
  const exponent = (code >>> 3) & 15;
  const mantissa = code & 7;
  if (exponent === 15 && mantissa === 7) return Number.NaN;
  return sign * (exponent === 0 ? mantissa * 2 ** -9 : (8 + mantissa) * 2 ** (exponent - 10));
}
