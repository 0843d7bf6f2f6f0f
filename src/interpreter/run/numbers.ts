import { float32ToHalf, halfToFloat32 } from '../../tensor/sixteenBit.js';

/** Every f16 by its bits. */
const HALVES = halfToFloat32(Uint16Array.from({ length: 65536 }, (_, bits) => bits));

const float = new Float32Array(1);
const unsigned = new Uint32Array(float.buffer);
const signed = new Int32Array(float.buffer);

/** The bits of the f16 next to a value. Values of f16 that are met again, 0 above all, take no rounding. */
export function halfBits(value: number): number {
  float[0] = value;
  return unsigned[0] === 0 ? 0 : float32ToHalf(float)[0];
}

export function fromHalfBits(bits: number): number {
  return HALVES[bits];
}

/** What the operations of WGSL on single numbers are made of, where JavaScript has no operator for them. */
export const numbers = {
  /** Rounds to f16. */
  half: (value: number): number => HALVES[halfBits(value)],
  fromHalfBits,
  halfBits,
  f32Bits(value: number): number {
    float[0] = value;
    return unsigned[0];
  },
  f32OfBits(bits: number): number {
    unsigned[0] = bits;
    return float[0];
  },
  /** To u32 from a float: towards zero, and to the nearest there is. */
  toU32: (value: number): number => (value >= 4294967295 ? 4294967295 : value > 0 ? Math.trunc(value) : 0),
  toI32: (value: number): number =>
    value >= 2147483647 ? 2147483647 : value <= -2147483648 ? -2147483648 : Math.trunc(value) | 0,
  divideU32: (left: number, right: number): number => (right === 0 ? left : (left / right) >>> 0),
  divideI32: (left: number, right: number): number => (right === 0 ? left : (left / right) | 0),
  moduloU32: (left: number, right: number): number => (right === 0 ? 0 : left % right),
  moduloI32: (left: number, right: number): number => (right === 0 ? 0 : (left % right) | 0),
  /** Half to even. */
  round(value: number): number {
    const whole = Math.floor(value);
    const rest = value - whole;
    const isUp = rest === 0.5 ? whole % 2 !== 0 : rest > 0.5;
    return isUp ? -(-whole - 1) : whole; // to -0 from below
  },
  countOneBits(value: number): number {
    let rest = value >>> 0;
    let count = 0;
    for (; rest !== 0; rest &= rest - 1) count++;
    return count;
  },
  extractSigned: (value: number, offset: number, count: number): number =>
    count === 0 ? 0 : (value << (32 - offset - count)) >> (32 - count),
  extractUnsigned: (value: number, offset: number, count: number): number =>
    count === 0 ? 0 : (value << (32 - offset - count)) >>> (32 - count),
  insertBits(value: number, inserted: number, offset: number, count: number): number {
    const mask = count >= 32 ? 0xffffffff : ((1 << count) - 1) << offset;
    return (value & ~mask) | ((inserted << offset) & mask);
  },
  bitsOfI32(value: number): number {
    signed[0] = value;
    return unsigned[0];
  },
};
