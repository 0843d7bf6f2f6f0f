import type { FileHandle } from 'node:fs/promises';
import { ensure } from '../../errors.js';
import { openFile, readAt } from '../byteSource.js';
import { isReadable } from '../dtype.js';
import { FOREIGN_BYTES, refuseForeign } from '../foreignFile.js';
import { quote } from '../quote.js';
import { expectOpen, expectRows, lookUp } from '../tensorRequest.js';
import type { TensorInfo, TensorSource } from '../tensorSource.js';
import { beginsAsSafetensors, headerLength, parseHeader, type SafetensorsHeader, type TensorEntry } from './header.js';

/**
 * Opens a safetensors file: reads and checks its header, and leaves the data on disk.
 *
 * @throws TokenTrimError when the file is missing, unreadable, cut short or malformed
 */
export async function openSafetensors(path: string): Promise<TensorFile> {
  const file = await openFile(path);
  try {
    const { size } = await file.stat();
    const start = await readAt(file, 0, Math.min(FOREIGN_BYTES, size), path);
    if (!beginsAsSafetensors(start)) refuseForeign(path, 'a safetensors file', start, size);
    const length = headerLength(start.subarray(0, 8), size, path);
    const header = parseHeader(await readAt(file, 8, length, path), size - 8 - length, path);
    return new TensorFile(path, file, 8 + length, header);
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** A safetensors file on disk, read by ranges. Make one with {@link openSafetensors}. */
export class TensorFile implements TensorSource {
  readonly files: readonly string[];
  readonly metadata: ReadonlyMap<string, string>;
  readonly #tensors: ReadonlyMap<string, TensorEntry>;
  readonly #dataStart: number;
  #file: FileHandle | undefined;

  constructor(
    readonly label: string,
    file: FileHandle,
    dataStart: number,
    header: SafetensorsHeader,
  ) {
    this.#file = file;
    this.files = [label];
    this.#dataStart = dataStart;
    this.#tensors = header.tensors;
    this.metadata = header.metadata;
  }

  names(): string[] {
    return [...this.#tensors.keys()];
  }

  has(name: string): boolean {
    return this.#tensors.has(name);
  }

  info(name: string): TensorInfo {
    return this.#entry(name);
  }

  async read(name: string): Promise<Uint8Array> {
    const { begin, byteLength } = this.#readable(name);
    return this.#range(name, begin, byteLength);
  }

  async readRows(name: string, firstRow: number, rowCount: number): Promise<Uint8Array> {
    const { begin, byteLength, shape } = this.#readable(name);
    const rows = shape[0] ?? 0;
    expectRows(rows, firstRow, rowCount, name, this.label);
    const rowBytes = rows === 0 ? 0 : byteLength / rows;
    return this.#range(name, begin + firstRow * rowBytes, rowCount * rowBytes);
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  #entry(name: string): TensorEntry {
    return lookUp(this.#tensors, name, this.label);
  }

  #readable(name: string): TensorEntry {
    const entry = this.#entry(name);
    ensure(
      isReadable(entry.dtype),
      () =>
        `${this.label}: tensor ${quote(name)} is ${entry.dtype}, which is not supported yet: use the bf16 or fp16 file.`,
    );
    return entry;
  }

  async #range(name: string, begin: number, byteLength: number): Promise<Uint8Array> {
    const file = this.#file;
    expectOpen(file, byteLength, name, this.label);
    return readAt(file, this.#dataStart + begin, byteLength, this.label);
  }
}
