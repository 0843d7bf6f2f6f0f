import { FLOAT_TYPES, type FloatType } from '../../tensor/tensor.js';

/** How a KV cache holds keys and values: as floats, or as `i8`, 8-bit integers with a scale for each row and head. */
export const KEY_TYPES = [...FLOAT_TYPES, 'i8'] as const;
export type KeyType = (typeof KEY_TYPES)[number];

/** How a call holds the keys and values that it makes: what is to be cached in 8 bits is seen by its own call in f16. */
export function callType(type: KeyType): FloatType {
  return type === 'i8' ? 'f16' : type;
}
