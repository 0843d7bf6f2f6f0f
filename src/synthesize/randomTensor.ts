import { createHash } from 'node:crypto';
import type { TensorStream } from '../node/weights/writeSafetensors.js';
import { bytesOf } from '../weights/storedType.js';
import { type Distribution, type FloatDType, valueTable } from './valueTable.js';

/** What a tensor's values depend on, and nothing else: not the layout, the file's name for it, or the order. */
export interface RandomTensor {
  readonly seed: string;
  readonly section: string;
  /** Official name. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly distribution: Distribution;
}

/** Bytes that are made and written at a time; two such pieces are all the memory that writing takes. */
const PIECE_BYTES = 4 * 2 ** 20;
/** Steps of the counter: odd, so that all 2^32 words come before one comes again. */
const GOLDEN = 0x9e3779b9;

/**
 * The same values for every dtype, rounded from float32 where it is narrower.
 *
 * @param scale the values are written divided by it
 */
export function randomTensor(tensor: RandomTensor, publishedName: string, dtype: FloatDType, scale = 1): TensorStream {
  const byteLength = tensor.shape.reduce((product, size) => product * size, bytesOf(dtype));
  return {
    name: publishedName,
    dtype,
    shape: tensor.shape,
    byteLength,
    pieces: () => pieces(tensor, dtype, byteLength, scale),
  };
}

function* pieces(tensor: RandomTensor, dtype: FloatDType, byteLength: number, scale: number): Generator<Uint8Array> {
  const [start, key] = keys(tensor);
  const length = Math.min(PIECE_BYTES, Math.ceil(byteLength / 8) * 8);
  const buffers = [new Uint32Array(length / 4), new Uint32Array(length / 4)] as const;
  const table = valueTable(tensor.distribution, dtype, scale);
  // One random word makes two values: two words of float32, one of two 16-bit numbers, half of one of four 8-bit ones.
  const wordsPerPiece = length / (2 * bytesOf(dtype));
  for (let done = 0, piece = 0; done < byteLength; done += length, piece++) {
    const buffer = buffers[piece % 2];
    const counter = (start + Math.imul(piece * wordsPerPiece, GOLDEN)) | 0;
    if (table instanceof Uint32Array) fillWide(buffer, table, counter, key);
    else if (table instanceof Uint16Array) fillNarrow(buffer, table, counter, key);
    else fillNarrowest(buffer, table, counter, key);
    yield new Uint8Array(buffer.buffer, 0, Math.min(length, byteLength - done));
  }
}

/** 64 bits that name the tensor: where its counter starts, and how its words are mixed. */
function keys({ seed, section, name }: RandomTensor): [start: number, key: number] {
  const hash = createHash('sha256')
    .update(JSON.stringify([seed, section, name]))
    .digest();
  return [hash.readInt32LE(0), hash.readInt32LE(4)];
}

/**
 * A random word for a counter: Chris Wellons' `hash-prospector` construction (two multiplications, three shifts) with the
 * tensor's key put in halfway, so that two tensors are no shifted copies of each other.
 */
function mix(counter: number, key: number): number {
  let word = Math.imul(counter ^ (counter >>> 16), 0x21f0aaad);
  word = Math.imul(word ^ (word >>> 15) ^ key, 0xd35a2d97);
  return word ^ (word >>> 15);
}

function fillWide(buffer: Uint32Array, table: Uint32Array, start: number, key: number): void {
  let counter = start;
  for (let index = 0; index < buffer.length; index += 2) {
    const word = mix(counter, key);
    buffer[index] = table[word & 0xffff];
    buffer[index + 1] = table[word >>> 16];
    counter = (counter + GOLDEN) | 0;
  }
}

function fillNarrow(buffer: Uint32Array, table: Uint16Array, start: number, key: number): void {
  let counter = start;
  for (let index = 0; index < buffer.length; index++) {
    const word = mix(counter, key);
    buffer[index] = table[word & 0xffff] | (table[word >>> 16] << 16);
    counter = (counter + GOLDEN) | 0;
  }
}

function fillNarrowest(buffer: Uint32Array, table: Uint8Array, start: number, key: number): void {
  let counter = start;
  for (let index = 0; index < buffer.length; index++) {
    const low = mix(counter, key);
    const high = mix((counter + GOLDEN) | 0, key);
    const pair = (word: number) => table[word & 0xffff] | (table[word >>> 16] << 8);
    buffer[index] = pair(low) | (pair(high) << 16);
    counter = (counter + 2 * GOLDEN) | 0;
  }
}
