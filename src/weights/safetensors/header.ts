import { ensure, TokenTrimError } from '../../errors.js';
import { quote } from '../quote.js';
import { bitsOf, isStoredType, type StoredType } from '../storedType.js';
import type { TensorInfo } from '../tensorSource.js';
import { structureProblem } from './structureProblem.js';

/**
 * The longest header that is read or written: room for 100 000 tensors. The format allows 100 MB (huggingface/safetensors
 * `tensor.rs MAX_HEADER_SIZE`), but a hostile header of that size takes 11 seconds and 2 GB.
 */
export const MAX_HEADER_BYTES = 2 ** 24;
/** The header, a tensor in it, its shape. */
const MAX_DEPTH = 3;
/** As many axes as PyTorch allows. */
const MAX_AXES = 64;

/** One tensor's place in the file; `begin` counts from the start of the data section. */
export interface TensorEntry extends TensorInfo {
  readonly begin: number;
}

export interface SafetensorsHeader {
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly metadata: ReadonlyMap<string, string>;
}

const ADVICE = 'The file is damaged or not safetensors: download or export it again.';

const OPENING_BRACE = 0x7b;

/** True for the first bytes of a file that can be no other: a length that a header may have, and the header's brace. */
export function beginsAsSafetensors(start: Uint8Array): boolean {
  if (start.length <= 8 || start[8] !== OPENING_BRACE) return false;
  return new DataView(start.buffer, start.byteOffset, 8).getBigUint64(0, true) <= BigInt(MAX_HEADER_BYTES);
}

/**
 * Checks the eight bytes that open a safetensors file.
 *
 * @returns the length of the JSON header in bytes
 */
export function headerLength(prefix: Uint8Array, fileBytes: number, label: string): number {
  ensure(
    fileBytes >= 8 && prefix.length >= 8,
    `${label}: a safetensors file starts with an 8-byte header length, but this one has ${fileBytes} bytes. ${ADVICE}`,
  );
  const length = new DataView(prefix.buffer, prefix.byteOffset, 8).getBigUint64(0, true);
  ensure(
    length <= BigInt(MAX_HEADER_BYTES),
    `${label}: the header claims ${length} bytes; expected at most ${MAX_HEADER_BYTES}. ${ADVICE}`,
  );
  ensure(
    Number(length) <= fileBytes - 8,
    `${label}: the header claims ${length} bytes, but only ${fileBytes - 8} follow its length. ${ADVICE}`,
  );
  return Number(length);
}

/**
 * Reads and checks the JSON header of a safetensors file: every field, and that the tensors fill the data section
 * without a gap or an overlap.
 *
 * @param bytes the header without its length prefix
 * @param dataBytes how many bytes follow the header in the file
 */
export function parseHeader(bytes: Uint8Array, dataBytes: number, label: string): SafetensorsHeader {
  const header = parseJson(bytes, label);
  const tensors = new Map<string, TensorEntry>();
  let metadata: ReadonlyMap<string, string> = new Map();
  // Object.entries and Maps: a tensor called "__proto__" stays an ordinary name.
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') metadata = parseMetadata(value, label);
    else tensors.set(name, parseEntry(name, value, label));
  }
  checkCoverage(tensors, dataBytes, label);
  return { tensors, metadata };
}

function parseJson(bytes: Uint8Array, label: string): object {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    const problem = structureProblem(text, MAX_DEPTH);
    ensure(problem === undefined, `${label}: the header ${problem}. ${ADVICE}`);
    const value: unknown = JSON.parse(text);
    ensure(isObject(value), `${label}: expected the header to be a JSON object, found ${describe(value)}. ${ADVICE}`);
    return value;
  } catch (cause) {
    if (cause instanceof TokenTrimError) throw cause;
    throw new TokenTrimError(`${label}: the header is not JSON in UTF-8. ${ADVICE}`, { cause });
  }
}

/** Notes of whoever wrote the file, on which no tensor depends: null is none, and what is no text is kept as its JSON. */
function parseMetadata(value: unknown, label: string): ReadonlyMap<string, string> {
  if (value === null) return new Map();
  ensure(
    isObject(value),
    `${label}: expected __metadata__ to be an object of strings, found ${describe(value)}. ${ADVICE}`,
  );
  const text = (entry: unknown) => (typeof entry === 'string' ? entry : JSON.stringify(entry));
  return new Map(Object.entries(value).map(([key, entry]) => [key, text(entry)]));
}

function parseEntry(name: string, value: unknown, label: string): TensorEntry {
  const at = `${label}: tensor ${quote(name)}`;
  ensure(isObject(value), `${at}: expected {dtype, shape, data_offsets}, found ${describe(value)}. ${ADVICE}`);
  const fields = new Map<string, unknown>(Object.entries(value));
  for (const key of fields.keys()) {
    ensure(
      ['dtype', 'shape', 'data_offsets'].includes(key),
      () => `${at} has the unknown field ${quote(key)}. ${ADVICE}`,
    );
  }
  const dtype = fields.get('dtype');
  ensure(isStoredType(dtype), () => `${at}: ${quote(dtype)} is not a dtype of the safetensors format. ${ADVICE}`);
  const shape = fields.get('shape');
  ensure(
    isCounts(shape) && shape.length <= MAX_AXES,
    () => `${at}: expected a shape of at most ${MAX_AXES} whole numbers from 0 up, found ${quote(shape)}. ${ADVICE}`,
  );
  const offsets = fields.get('data_offsets');
  ensure(
    isCounts(offsets) && offsets.length === 2 && offsets[0] <= offsets[1],
    () => `${at}: expected data_offsets [begin, end] with begin <= end, found ${quote(offsets)}. ${ADVICE}`,
  );
  const byteLength = byteCount(dtype, shape);
  ensure(
    byteLength === offsets[1] - offsets[0],
    () =>
      `${at}: ${dtype} ${quote(shape)} takes ${byteLength ?? 'too many'} bytes, but its offsets hold ${offsets[1] - offsets[0]}. ${ADVICE}`,
  );
  return { dtype, shape, byteLength, begin: offsets[0] };
}

/** Bytes of a dense tensor; undefined when the count passes 2^53 or is not a whole number of bytes. */
export function byteCount(dtype: StoredType, shape: readonly number[]): number | undefined {
  if (shape.includes(0)) return 0;
  let elements = 1;
  for (const size of shape) {
    elements *= size;
    if (!Number.isSafeInteger(elements * 64)) return undefined;
  }
  const bytes = (elements * bitsOf(dtype)) / 8;
  return Number.isInteger(bytes) ? bytes : undefined;
}

function checkCoverage(tensors: ReadonlyMap<string, TensorEntry>, dataBytes: number, label: string): void {
  const inOrder = [...tensors].sort(
    ([, left], [, right]) => left.begin - right.begin || left.byteLength - right.byteLength,
  );
  let end = 0;
  for (const [name, entry] of inOrder) {
    const wrong = entry.begin < end ? 'overlaps the tensor before it' : 'leaves a gap before it';
    ensure(
      entry.begin === end,
      () =>
        `${label}: tensor ${quote(name)} starts at byte ${entry.begin} of the data but ${end} is next: it ${wrong}. ${ADVICE}`,
    );
    end += entry.byteLength;
  }
  ensure(
    end === dataBytes,
    `${label}: the tensors take ${end} bytes, but ${dataBytes} follow the header. The file is ${
      end > dataBytes ? 'cut short' : 'damaged'
    }: download or export it again.`,
  );
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

function describe(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`;
}
