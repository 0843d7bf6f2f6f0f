import { ensure } from '../../errors.js';
import type { ByteSource } from '../byteSource.js';
import { FOREIGN_BYTES, refuseForeign } from '../foreignFile.js';
import { quote } from '../quote.js';
import { isReadable } from '../storedType.js';
import { expectOpen, expectRows, lookUp, type TensorInfo, type TensorSource } from '../tensorSource.js';
import { beginsAsSafetensors, headerLength, parseHeader, type SafetensorsHeader, type TensorEntry } from './header.js';

/**
 * Opens a safetensors file: reads and checks its header, and leaves the data where it lies.
 *
 * @throws TokenTrimError when the file is cut short or malformed
 */
export async function openSafetensors(bytes: ByteSource): Promise<TensorFile> {
  const { label, size } = bytes;
  try {
    const start = await bytes.read(0, Math.min(FOREIGN_BYTES, size));
    if (!beginsAsSafetensors(start)) refuseForeign(label, 'a safetensors file', start, size);
    const length = headerLength(start.subarray(0, 8), size, label);
    const header = parseHeader(await bytes.read(8, length), size - 8 - length, label);
    return new TensorFile(bytes, 8 + length, header);
  } catch (error) {
    await bytes.close();
    throw error;
  }
}

/** A safetensors file, read by ranges. Make one with {@link openSafetensors}. */
export class TensorFile implements TensorSource {
  readonly files: readonly string[];
  readonly metadata: ReadonlyMap<string, string>;
  readonly #tensors: ReadonlyMap<string, TensorEntry>;
  readonly #dataStart: number;
  readonly label: string;
  #bytes: ByteSource | undefined;

  constructor(bytes: ByteSource, dataStart: number, header: SafetensorsHeader) {
    this.#bytes = bytes;
    this.label = bytes.label;
    this.files = [bytes.label];
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
    const bytes = this.#bytes;
    this.#bytes = undefined;
    await bytes?.close();
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
    const bytes = this.#bytes;
    expectOpen(bytes, byteLength, name, this.label);
    return bytes.read(this.#dataStart + begin, byteLength);
  }
}
