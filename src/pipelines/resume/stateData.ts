import type { StateStore } from './stateStore.js';

// How plain data and typed arrays become bytes that say of themselves whether they are whole: a mark, the lengths, JSON in
// which each array is a reference, the arrays, and SHA-256 of all that.

const MARK = 'ttstate1';
const LENGTHS_AT = 8;
const HEAD_BYTES = LENGTHS_AT + 16; // bytes of the JSON, bytes of all
const DIGEST_BYTES = 32;
const ALIGNMENT = 8;

const ARRAYS = { Uint8Array, Uint16Array, Uint32Array, Float32Array, Float64Array } as const;
type ArrayName = keyof typeof ARRAYS;
type SomeArray = InstanceType<(typeof ARRAYS)[ArrayName]>;

const isArray = (value: unknown): value is SomeArray => Object.values(ARRAYS).some((type) => value instanceof type);
const padded = (bytes: number) => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

/** Where a typed array stands in the JSON. */
interface Reference {
  readonly $array: ArrayName;
  readonly at: number;
  readonly length: number;
}

/** @param value what JSON can say, and typed arrays anywhere in it */
export async function packData(value: unknown): Promise<Uint8Array<ArrayBuffer>> {
  const arrays: SomeArray[] = [];
  let end = 0;
  const json = JSON.stringify(value, (_, item: unknown): unknown => {
    if (!isArray(item)) return item;
    arrays.push(item);
    const at = end;
    end += padded(item.byteLength);
    return { $array: item.constructor.name as ArrayName, at, length: item.length } satisfies Reference;
  });
  const text = new TextEncoder().encode(json);
  const start = HEAD_BYTES + padded(text.length);
  const bytes = new Uint8Array(start + end + DIGEST_BYTES);
  bytes.set(new TextEncoder().encode(MARK));
  const lengths = new DataView(bytes.buffer, LENGTHS_AT);
  lengths.setFloat64(0, text.length, true);
  lengths.setFloat64(8, bytes.length, true);
  bytes.set(text, HEAD_BYTES);
  let at = start;
  for (const array of arrays) {
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), at);
    at += padded(array.byteLength);
  }
  bytes.set(await digestOf(bytes), bytes.length - DIGEST_BYTES);
  return bytes;
}

/** The data again; undefined where these are not all of its bytes, or other ones. */
export async function unpackData(bytes: Uint8Array): Promise<unknown> {
  if (packedLength(bytes) !== bytes.length) return undefined;
  const own = bytes.byteOffset % ALIGNMENT === 0 ? bytes : bytes.slice();
  const digest = await digestOf(own);
  if (!digest.every((byte, index) => byte === own[own.length - DIGEST_BYTES + index])) return undefined;
  const textLength = new DataView(own.buffer, own.byteOffset + LENGTHS_AT).getFloat64(0, true);
  const start = HEAD_BYTES + padded(textLength);
  const limit = own.length - DIGEST_BYTES - start;
  try {
    const json = new TextDecoder('utf-8', { fatal: true }).decode(own.subarray(HEAD_BYTES, HEAD_BYTES + textLength));
    return JSON.parse(json, (_, item: unknown) => (isReference(item) ? arrayAt(own, start, limit, item) : item));
  } catch {
    return undefined; // the digest is right, but this program did not write it
  }
}

/** How many bytes a piece of data has by its own account, of which its first 24 are needed; undefined where it is none. */
export function packedLength(bytes: Uint8Array): number | undefined {
  if (bytes.length < HEAD_BYTES || new TextDecoder('latin1').decode(bytes.subarray(0, MARK.length)) !== MARK) {
    return undefined;
  }
  const lengths = new DataView(bytes.buffer, bytes.byteOffset + LENGTHS_AT);
  const [text, all] = [lengths.getFloat64(0, true), lengths.getFloat64(8, true)];
  const isSound = [text, all].every((length) => Number.isSafeInteger(length) && length >= 0);
  return isSound && HEAD_BYTES + padded(text) + DIGEST_BYTES <= all ? all : undefined;
}

/** Bytes from which `packedLength` tells. */
export const PACKED_HEAD = HEAD_BYTES;

function isReference(item: unknown): item is Reference {
  return typeof item === 'object' && item !== null && Object.hasOwn(item, '$array');
}

function arrayAt(bytes: Uint8Array, start: number, limit: number, { $array, at, length }: Reference): SomeArray {
  const type = Object.hasOwn(ARRAYS, $array) ? ARRAYS[$array] : undefined;
  const isCount = (value: number) => Number.isSafeInteger(value) && value >= 0;
  if (!type || !isCount(at) || at % ALIGNMENT !== 0 || !isCount(length)) throw new Error('no array of a state');
  if (at + length * type.BYTES_PER_ELEMENT > limit) throw new Error('an array past the end');
  return new type(bytes.buffer as ArrayBuffer, bytes.byteOffset + start + at, length);
}

async function digestOf(bytes: Uint8Array): Promise<Uint8Array> {
  const told = bytes.subarray(0, bytes.length - DIGEST_BYTES) as Uint8Array<ArrayBuffer>;
  return new Uint8Array(await crypto.subtle.digest('SHA-256', told));
}

/** What a file of a state holds; undefined where there is none, or it is damaged. */
export async function readData(store: StateStore, name: string): Promise<unknown> {
  const bytes = await store.read(name);
  return bytes && unpackData(bytes);
}

/** Whether files begin as this program begins them, or are empty: a cut one does, and what is somebody else's does not. */
export async function areStateData(store: StateStore, names: readonly string[]): Promise<boolean> {
  for (const name of names) {
    const head = await store.readAt(name, 0, MARK.length);
    if (!MARK.startsWith(new TextDecoder('latin1').decode(head))) return false;
  }
  return true;
}
