import { ensure } from '../errors.js';
import type { ByteSource } from './byteSource.js';
import { quote } from './quote.js';
import type { StoredType } from './storedType.js';

/** What a header says about one tensor. */
export interface TensorInfo {
  readonly dtype: StoredType;
  readonly shape: readonly number[];
  /** Size of the data in bytes. */
  readonly byteLength: number;
}

/**
 * Named tensors that stay on disk until they are asked for: a safetensors file, a set of shards, or a renaming view
 * of either. All errors are TokenTrimErrors that begin with {@link TensorSource.label}.
 */
export interface TensorSource {
  /** How errors name this source: its path as the user gave it. */
  readonly label: string;
  /** The files that it reads, indexes of shards included. */
  readonly files: readonly string[];
  /** The `__metadata__` strings of the header. */
  readonly metadata: ReadonlyMap<string, string>;
  /** Tensor names in file order. */
  names(): string[];
  has(name: string): boolean;
  /** Throws when there is no such tensor. */
  info(name: string): TensorInfo;
  /** All bytes of a tensor, little-endian, row-major, in a buffer of their own (aligned for any typed array). */
  read(name: string): Promise<Uint8Array>;
  /** The bytes of rows `firstRow … firstRow + rowCount - 1` along the first axis; reads nothing else. */
  readRows(name: string, firstRow: number, rowCount: number): Promise<Uint8Array>;
  /** Closes the file; reading afterwards is an error. */
  close(): Promise<void>;
}

// What every tensor source answers in the same words when it is asked for something that it does not have.

/** The longest typed array that every supported Node release allocates. */
const MAX_TENSOR_BYTES = 2 ** 32;

/** What a source keeps under a tensor's name. Throws where there is no such tensor. */
export function lookUp<Entry>(entries: ReadonlyMap<string, Entry>, name: string, label: string): Entry {
  const entry = entries.get(name);
  ensure(entry !== undefined, () => `${label}: there is no tensor ${quote(name)} among its ${entries.size}.`);
  return entry;
}

/** Throws unless rows `firstRow ... firstRow + rowCount - 1` are among those of a tensor. */
export function expectRows(rows: number, firstRow: number, rowCount: number, name: string, label: string): void {
  ensure(
    Number.isSafeInteger(firstRow) &&
      Number.isSafeInteger(rowCount) &&
      firstRow >= 0 &&
      rowCount >= 0 &&
      firstRow + rowCount <= rows,
    () =>
      `${label}: tensor ${quote(name)} has rows 0 to ${rows - 1}; rows ${firstRow} to ${firstRow + rowCount - 1} were asked for.`,
  );
}

/** Throws where a file was closed before bytes of a tensor are read, or where they are more than one array holds. */
export function expectOpen(
  bytes: ByteSource | undefined,
  byteLength: number,
  name: string,
  label: string,
): asserts bytes is ByteSource {
  ensure(bytes, () => `${label}: the file was closed before tensor ${quote(name)} was read.`);
  ensure(
    byteLength <= MAX_TENSOR_BYTES,
    () =>
      `${label}: tensor ${quote(name)} asks for ${byteLength} bytes at once; read it by rows, at most ${MAX_TENSOR_BYTES}.`,
  );
}
