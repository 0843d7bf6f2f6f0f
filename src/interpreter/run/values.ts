import { fromHalfBits, halfBits, numbers } from './numbers.js';

/** A vector or matrix column: never changed, so that it may be shared. */
export type Lanes = readonly (number | boolean)[];
/** A value that WGSL copies where it is assigned: an array, or a struct by its members. */
export type Changed = Changed[] | { [member: string]: Changed } | number | boolean;

/** What the values of WGSL that are no single numbers are made of. */
export const values = {
  /** A vector with another element. */
  withElement(vector: Lanes, index: number, value: number | boolean): Lanes {
    const copy = vector.slice();
    copy[index] = value;
    return copy;
  },
  swizzle(vector: Lanes, ...places: number[]): Lanes {
    return places.map((place) => vector[place]);
  },
  splat(size: number, value: number | boolean): Lanes {
    return size === 4 ? [value, value, value, value] : new Array<number | boolean>(size).fill(value);
  },
  copy,
  /** Puts one array or struct in the place of another, which pointers go on pointing to. */
  assign(target: Changed[] | { [member: string]: Changed }, value: Changed): void {
    Object.assign(target, copy(value));
  },
  filled<Item>(count: number, make: (index: number) => Item): Item[] {
    return Array.from({ length: count }, (_, index) => make(index));
  },
  /** A pointer to a variable that JavaScript has no reference for. */
  pointer(read: () => unknown, write: (value: never) => void) {
    return Object.defineProperty({}, 'value', { get: read, set: write });
  },

  unpack2x16float: (word: number): Lanes => [fromHalfBits(word & 0xffff), fromHalfBits(word >>> 16)],
  pack2x16float: ([low, high]: number[]): number => (halfBits(low) | (halfBits(high) << 16)) >>> 0,
  unpack4xU8: (word: number): Lanes => [0, 8, 16, 24].map((shift) => (word >>> shift) & 255),
  unpack4xI8: (word: number): Lanes => [24, 16, 8, 0].map((shift) => (word << shift) >> 24),
  unpack4x8unorm: (word: number): Lanes => [0, 8, 16, 24].map((shift) => Math.fround(((word >>> shift) & 255) / 255)),
  unpack4x8snorm: (word: number): Lanes =>
    [24, 16, 8, 0].map((shift) => Math.fround(Math.max(((word << shift) >> 24) / 127, -1))),
  unpack2x16unorm: (word: number): Lanes => [0, 16].map((shift) => Math.fround(((word >>> shift) & 65535) / 65535)),
  unpack2x16snorm: (word: number): Lanes =>
    [16, 0].map((shift) => Math.fround(Math.max(((word << shift) >> 16) / 32767, -1))),
  pack4xU8: (bytes: number[]): number => packed(bytes, 8),
  pack4xI8: (bytes: number[]): number => packed(bytes, 8),
  pack4xU8Clamp: (bytes: number[]): number =>
    packed(
      bytes.map((byte) => Math.min(byte, 255)),
      8,
    ),
  pack4xI8Clamp: (bytes: number[]): number =>
    packed(
      bytes.map((byte) => Math.min(Math.max(byte, -128), 127)),
      8,
    ),
  pack4x8unorm: (lanes: number[]): number =>
    packed(
      lanes.map((lane) => scaled(lane, 0, 255)),
      8,
    ),
  pack4x8snorm: (lanes: number[]): number =>
    packed(
      lanes.map((lane) => scaled(lane, -1, 127)),
      8,
    ),
  pack2x16unorm: (lanes: number[]): number =>
    packed(
      lanes.map((lane) => scaled(lane, 0, 65535)),
      16,
    ),
  pack2x16snorm: (lanes: number[]): number =>
    packed(
      lanes.map((lane) => scaled(lane, -1, 32767)),
      16,
    ),

  dot4U8Packed: (left: number, right: number): number => dotOf(values.unpack4xU8(left), values.unpack4xU8(right)) >>> 0,
  dot4I8Packed: (left: number, right: number): number => dotOf(values.unpack4xI8(left), values.unpack4xI8(right)) | 0,

  /** The same bits as another type; f16 come in pairs. */
  bitcast(from: string, to: string, value: Lanes | number): Lanes | number {
    const lanes = (typeof value === 'number' ? [value] : value) as number[];
    const words = from === 'f16' ? pairs(lanes.map(halfBits)) : lanes.map((lane) => bitsOf(from, lane));
    if (to === 'f16') return words.flatMap((word) => values.unpack2x16float(word));
    const found = words.map((word) => (to === 'f32' ? numbers.f32OfBits(word) : to === 'i32' ? word | 0 : word >>> 0));
    return found.length === 1 ? found[0] : found;
  },
};

function copy(value: Changed): Changed {
  if (Array.isArray(value)) {
    // Vectors, which are shared, hold numbers as arrays of numbers do: those are copied the same way.
    return typeof value[0] === 'object' ? value.map(copy) : value.slice();
  }
  if (value === null || typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([member, inner]) => [member, copy(inner)]));
}

function dotOf(left: Lanes, right: Lanes): number {
  return left.reduce<number>((sum, value, lane) => sum + Number(value) * Number(right[lane]), 0);
}

function bitsOf(type: string, value: number): number {
  return type === 'f32' ? numbers.f32Bits(value) : value >>> 0;
}

const pairs = (bits: number[]): number[] =>
  Array.from({ length: bits.length / 2 }, (_, pair) => (bits[2 * pair] | (bits[2 * pair + 1] << 16)) >>> 0);

const packed = (parts: number[], bits: number): number =>
  parts.reduce((word, part, index) => (word | ((part & (2 ** bits - 1)) << (bits * index))) >>> 0, 0);

const scaled = (lane: number, least: number, factor: number): number =>
  numbers.round(Math.min(Math.max(lane, least), 1) * factor);
