import type { DType } from './dtype.js';

/** What a header says about one tensor. */
export interface TensorInfo {
  readonly dtype: DType;
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
