import type { Type } from '../translate/types.js';
import { fromHalfBits, numbers } from './numbers.js';

/** A uniform as a value, as it is the same for the whole dispatch. */
export function uniformValue(type: Type, words: Uint32Array, byte = 0): unknown {
  switch (type.kind) {
    case 'scalar': {
      const word = words[byte >> 2];
      if (type.name === 'f32') return numbers.f32OfBits(word);
      if (type.name === 'f16') return fromHalfBits((word >>> (8 * (byte & 2))) & 0xffff);
      return type.name === 'i32' ? word | 0 : word;
    }
    case 'vector':
      return Array.from({ length: type.size }, (_, lane) => {
        return uniformValue(type.of, words, byte + lane * (type.of.name === 'f16' ? 2 : 4));
      });
    case 'struct':
      return Object.fromEntries(
        type.members.map(({ name, type: member, offset }) => [name, uniformValue(member, words, byte + offset)]),
      );
    default:
      throw new Error(`the interpreter knows no ${type.kind} in uniforms`);
  }
}
