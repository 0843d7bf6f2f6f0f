import { ensure } from '../../errors.js';

/**
 * 32-bit words of a row of `heads` heads that is held in 8 bits: `width` signed bytes, element d of the row in bits
 * 8 * (d % 4) and up of word d / 4; a float32 scale for each head; zeros to the next 16 bytes, where any load may begin.
 * A value is its byte times the scale of its head.
 * @throws TokenTrimError where heads do not fill whole words
 */
export function quantizedWords(width: number, heads: number): number {
  const headDim = width / heads;
  ensure(
    Number.isInteger(headDim / 4),
    () => `keys and values in 8 bits need heads of a multiple of 4, found ${width} columns in ${heads} heads: use f16`,
  );
  return 4 * Math.ceil((width / 4 + heads) / 4);
}
