import { ensure } from '../../src/errors.js';
import type { TensorInfo, TensorSource } from '../../src/weights/tensorSource.js';

/** Weights that a test makes up: float32 tensors by name. Counts what is read. */
export class MemorySource implements TensorSource {
  readonly label = 'memory';
  readonly files = [];
  readonly metadata = new Map<string, string>();
  /** Names in the order in which they were read; rows as `name[first, count]`. */
  readonly reads: string[] = [];

  constructor(private readonly tensors: Readonly<Record<string, { shape: readonly number[]; values: Float32Array }>>) {}

  names(): string[] {
    return Object.keys(this.tensors);
  }

  has(name: string): boolean {
    return name in this.tensors;
  }

  info(name: string): TensorInfo {
    const { shape, values } = this.#tensor(name);
    return { dtype: 'F32', shape, byteLength: values.byteLength };
  }

  async read(name: string): Promise<Uint8Array> {
    this.reads.push(name);
    return bytesOf(this.#tensor(name).values);
  }

  async readRows(name: string, firstRow: number, rowCount: number): Promise<Uint8Array> {
    this.reads.push(`${name}[${firstRow}, ${rowCount}]`);
    const { shape, values } = this.#tensor(name);
    const width = values.length / shape[0];
    return bytesOf(values.subarray(firstRow * width, (firstRow + rowCount) * width));
  }

  async close(): Promise<void> {}

  /** The values row by row, for tests that compute with them; a vector is one row. */
  rows(name: string): number[][] {
    const { shape, values } = this.#tensor(name);
    const width = shape[shape.length - 1];
    return Array.from({ length: values.length / width }, (_, row) => [
      ...values.subarray(row * width, (row + 1) * width),
    ]);
  }

  #tensor(name: string) {
    ensure(this.has(name), `memory: there is no tensor ${name}`);
    return this.tensors[name];
  }
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.slice().buffer);
}
