import type { Random } from './random.js';

/** Longer inputs are cut: what is found in long ones shows in short ones, and sooner. */
export const MAX_BYTES = 2 ** 16;

/** Numbers that parsers stumble over. */
const EXTREMES = [
  0, 1, 2, 4, 7, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff,
];

type Mutation = (data: Buffer, random: Random, others: readonly Uint8Array[], words: readonly string[]) => Buffer;

const put = (data: Buffer, at: number, removed: number, put: Uint8Array): Buffer =>
  Buffer.concat([data.subarray(0, at), put, data.subarray(at + removed)]);

const MUTATIONS: readonly Mutation[] = [
  (data, { below }) => {
    data[below(data.length)] ^= 1 << below(8);
    return data;
  },
  (data, { below, pick }) => {
    data[below(data.length)] = pick([0, 0xff, below(256)]);
    return data;
  },
  (data, { below, pick }) => {
    const at = below(data.length);
    return data.fill(pick([0, 0xff, 0x20, below(256)]), at, Math.min(data.length, at + 1 + below(32)));
  },
  (data, { below }) => data.subarray(0, below(data.length) + 1),
  (data, { below }) => put(data, below(data.length), 1 + below(below(2) === 0 ? 4 : 64), Buffer.alloc(0)),
  (data, { below }) => {
    const from = below(data.length);
    return put(data, below(data.length), 0, data.subarray(from, from + 1 + below(64)));
  },
  (data, { below }) => {
    const from = below(data.length);
    const some = data.subarray(from, from + 1 + below(16));
    return put(data, from, 0, Buffer.concat(Array.from({ length: 1 + below(100) }, () => some)));
  },
  (data, { below, pick }) => {
    const at = below(data.length);
    const [size, value] = [pick([1, 2, 4, 8]), pick(EXTREMES)];
    if (at + size > data.length) return data;
    const isLittle = below(2) === 0;
    if (size === 8) isLittle ? data.writeBigUInt64LE(BigInt(value), at) : data.writeBigUInt64BE(BigInt(value), at);
    else if (isLittle) data.writeUIntLE(value % 2 ** (8 * size), at, size);
    else data.writeUIntBE(value % 2 ** (8 * size), at, size);
    return data;
  },
  (data, { below }) => {
    const at = below(data.length);
    data[at] = (data[at] + below(35) - 17) & 0xff;
    return data;
  },
  (data, { below, pick }, others) => {
    const other = pick(others);
    const from = below(other.length);
    return put(data, below(data.length), below(2) * below(64), other.subarray(from, from + 1 + below(other.length)));
  },
  (data, { below, pick }, _, words) => {
    const word = words.length > 0 ? pick(words) : '\0';
    return put(data, below(data.length), below(2) * word.length, Buffer.from(word));
  },
];

/** A damaged copy: bits, bytes and numbers changed, parts left out, doubled, or taken from other inputs, words put in. */
export function mutateBytes(
  bytes: Uint8Array,
  random: Random,
  others: readonly Uint8Array[],
  words: readonly string[],
): Buffer {
  let data = Buffer.from(bytes);
  for (let left = 2 ** random.below(4); left > 0; left--) {
    if (data.length === 0) data = Buffer.from([random.below(256)]);
    data = Buffer.from(random.pick(MUTATIONS)(data, random, others, words).subarray(0, MAX_BYTES));
  }
  return data;
}
