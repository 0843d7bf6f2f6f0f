import type { ByteSource } from '../byteSource.js';
import { bitsOf } from '../dtype.js';
import { expectOpen, expectRows, lookUp } from '../tensorRequest.js';
import type { TensorInfo, TensorSource } from '../tensorSource.js';
import type { CheckpointLayout } from './checkpointLayout.js';
import type { FlatTensors } from './flatten.js';
import type { StridedTensor } from './pickleValue.js';
import { readStrided } from './stridedRead.js';

/** A torch.save file, read tensor by tensor. Make one with `openTorchFile`. */
export class TorchFile implements TensorSource {
  readonly files: readonly string[];
  readonly metadata: ReadonlyMap<string, string> = new Map();
  /** Names of what the file holds beside tensors: settings, counters, dictionaries of them. */
  readonly ignored: readonly string[];
  readonly #tensors: ReadonlyMap<string, StridedTensor>;
  readonly #positions = new Map<string, number>();
  readonly label: string;
  #bytes: ByteSource | undefined;

  constructor(
    bytes: ByteSource,
    private readonly layout: CheckpointLayout,
    { tensors, ignored }: FlatTensors,
  ) {
    this.#bytes = bytes;
    this.label = bytes.label;
    this.files = [bytes.label];
    this.#tensors = tensors;
    this.ignored = ignored;
  }

  names(): string[] {
    return [...this.#tensors.keys()];
  }

  has(name: string): boolean {
    return this.#tensors.has(name);
  }

  info(name: string): TensorInfo {
    return this.#tensor(name);
  }

  async read(name: string): Promise<Uint8Array> {
    return this.#read(name, this.#tensor(name));
  }

  async readRows(name: string, firstRow: number, rowCount: number): Promise<Uint8Array> {
    const tensor = this.#tensor(name);
    const [rows = 0, ...rowShape] = tensor.shape;
    expectRows(rows, firstRow, rowCount, name, this.label);
    return this.#read(name, {
      ...tensor,
      shape: [rowCount, ...rowShape],
      offset: tensor.offset + firstRow * (tensor.strides[0] ?? 0),
      byteLength: rows === 0 ? 0 : (tensor.byteLength / rows) * rowCount,
    });
  }

  async close(): Promise<void> {
    const bytes = this.#bytes;
    this.#bytes = undefined;
    await bytes?.close();
  }

  #tensor(name: string): StridedTensor {
    return lookUp(this.#tensors, name, this.label);
  }

  async #read(name: string, tensor: StridedTensor): Promise<Uint8Array> {
    const bytes = this.#bytes;
    expectOpen(bytes, tensor.byteLength, name, this.label);
    if (tensor.byteLength === 0) return new Uint8Array(0);
    const start = (await this.#position(tensor.storage.key)) + tensor.storage.begin;
    return readStrided(tensor, bitsOf(tensor.dtype) / 8, this.label, (begin, byteLength) =>
      bytes.read(start + begin, byteLength),
    );
  }

  async #position(key: string): Promise<number> {
    const position = this.#positions.get(key) ?? (await this.layout.position(key));
    this.#positions.set(key, position);
    return position;
  }
}
