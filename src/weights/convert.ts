import { ensure } from '../errors.js';
import { bfloat16ToFloat32, halfToFloat32 } from '../tensor/sixteenBit.js';
import { bytesOf, type DType, isFloat8, isReadable, type ReadableDType } from './dtype.js';
import { float8Values } from './float8.js';

// Typed arrays read in the machine's byte order; every platform that Node and Dawn support together is little-endian,
// as the files are.

/**
 * The values of raw tensor bytes as float32. Floats of 8 and 16 bits and small integers convert exactly; F64 and wide
 * integers round.
 *
 * @param bytes little-endian data, `elements * itemsize` bytes
 */
export function toFloat32(bytes: Uint8Array, dtype: DType): Float32Array {
  const source = elements(bytes, dtype);
  if (dtype === 'F16') return halfToFloat32(source as Uint16Array);
  if (dtype === 'BF16') return bfloat16ToFloat32(source as Uint16Array);
  if (isFloat8(dtype)) return lookUp(source as Uint8Array, float8Values(dtype));
  if (source instanceof Float32Array) return source;
  if (source instanceof BigInt64Array) return Float32Array.from(source, Number);
  return new Float32Array(source);
}

/** The values of raw tensor bytes as float64: exact for all but I64 beyond 2^53. */
export function toFloat64Numbers(bytes: Uint8Array, dtype: DType): Float64Array {
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
} as const satisfies Record<ReadableDType, unknown>;

/** A typed view of raw bytes (a copy when they are not aligned); floats of 8 and 16 bits come as their bit patterns. */
function elements(bytes: Uint8Array, dtype: DType) {
  ensure(isReadable(dtype), `${dtype} values are not supported yet: use the bf16 or fp16 file.`);
  const size = bytesOf(dtype);
  ensure(bytes.length % size === 0, `expected whole ${dtype} values of ${size} bytes, found ${bytes.length} bytes.`);
  const aligned = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  return new VIEWS[dtype](aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.length / size);
}
