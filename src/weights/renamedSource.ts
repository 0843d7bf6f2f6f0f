import { lookUp, type TensorInfo, type TensorSource } from './tensorSource.js';

/** A view of a source under other names; tensors without a new name are not in it. Closing it closes the source. */
export class RenamedSource implements TensorSource {
  /** @param originals the name in `source` by the new name */
  constructor(
    private readonly source: TensorSource,
    private readonly originals: ReadonlyMap<string, string>,
  ) {}

  get label(): string {
    return this.source.label;
  }

  get files(): readonly string[] {
    return this.source.files;
  }

  get metadata(): ReadonlyMap<string, string> {
    return this.source.metadata;
  }

  names(): string[] {
    return [...this.originals.keys()];
  }

  has(name: string): boolean {
    return this.originals.has(name);
  }

  info(name: string): TensorInfo {
    return this.source.info(this.#original(name));
  }

  read(name: string): Promise<Uint8Array> {
    return this.source.read(this.#original(name));
  }

  readRows(name: string, firstRow: number, rowCount: number): Promise<Uint8Array> {
    return this.source.readRows(this.#original(name), firstRow, rowCount);
  }

  close(): Promise<void> {
    return this.source.close();
  }

  #original(name: string): string {
    return lookUp(this.originals, name, this.label);
  }
}
