/** Element types of the safetensors format, with their size in bits. Source: huggingface/safetensors `tensor.rs Dtype`. */
const BITS = {
  BOOL: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  C64: 64,
  F64: 64,
  I64: 64,
  U64: 64,
} as const;

/** A dtype that a safetensors header may name. */
export type StoredType = keyof typeof BITS;

const READABLE = [
  ...(['F64', 'F32', 'F16', 'BF16', 'F8_E4M3', 'F8_E5M2'] as const),
  ...(['I64', 'I32', 'I16', 'I8', 'U8', 'U32', 'U16', 'BOOL'] as const),
];

/** A dtype whose values this release reads and writes. */
export type ReadableType = (typeof READABLE)[number];

/** True when `name` is a dtype of the format. */
export function isStoredType(name: unknown): name is StoredType {
  return typeof name === 'string' && Object.hasOwn(BITS, name);
}

/** True when the values of `dtype` can be read; the others (floats of less than 8 bits, complex) can only be listed. */
export function isReadable(dtype: StoredType): dtype is ReadableType {
  return (READABLE as readonly string[]).includes(dtype);
}

/** Size of one element in bits. */
export function bitsOf(dtype: StoredType): number {
  return BITS[dtype];
}

/** Size of one element in bytes; only the readable dtypes are whole bytes by promise. */
export function bytesOf(dtype: ReadableType): number {
  return BITS[dtype] / 8;
}

/** True for the 8-bit floats that widenFloat8.ts reads. */
export function isFloat8(dtype: StoredType): dtype is 'F8_E4M3' | 'F8_E5M2' {
  return dtype === 'F8_E4M3' || dtype === 'F8_E5M2';
}

/** True for dtypes of real numbers with a fraction, which may be rounded to another such dtype. */
export function isFloat(dtype: StoredType): boolean {
  return ['F64', 'F32', 'F16', 'BF16'].includes(dtype) || isFloat8(dtype);
}
