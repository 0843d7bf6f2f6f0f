import { type SavedBlock, savedBlockSchema } from './savedRun.js';
import { PACKED_HEAD, packData, packedLength, unpackData } from './stateData.js';
import type { StateStore } from './stateStore.js';

const NAME = 'blocks';

/** The blocks of a run in a file that only grows: an older state's part of it stays as it was. */
export class BlockFile {
  #pending: Uint8Array[] = [];

  private constructor(
    private readonly store: StateStore,
    /** Where each block begins, and behind the last one the end. */
    private readonly places: number[],
  ) {}

  /**
   * The file with its first `count` blocks.
   * @returns undefined where these are not whole, or do not end at `bytes`
   */
  static async open(store: StateStore, count: number, bytes: number): Promise<BlockFile | undefined> {
    const file = new BlockFile(store, [0]);
    for (let block = 0; block < count; block++) {
      const at = file.places[block];
      const length = packedLength(await store.readAt(NAME, at, PACKED_HEAD)) ?? 0;
      if (length === 0 || at + length > bytes || !(await file.#readAt(at, length))) return undefined;
      file.places.push(at + length);
    }
    return file.bytes === bytes ? file : undefined;
  }

  static empty(store: StateStore): BlockFile {
    return new BlockFile(store, [0]);
  }

  /** Blocks, those that wait included. */
  get count(): number {
    return this.places.length - 1;
  }

  get bytes(): number {
    return this.places[this.count];
  }

  /** Takes a block, which is on the disk after the next `flush`. */
  async add(block: SavedBlock): Promise<void> {
    const packed = await packData(block);
    this.#pending.push(packed);
    this.places.push(this.bytes + packed.length);
  }

  async flush(): Promise<void> {
    const waiting = this.#pending.splice(0);
    if (waiting.length === 0) return;
    const length = waiting.reduce((bytes, { byteLength }) => bytes + byteLength, 0);
    const joined = new Uint8Array(length);
    let at = 0;
    for (const packed of waiting) {
      joined.set(packed, at);
      at += packed.length;
    }
    await this.store.append(NAME, this.bytes - length, joined);
  }

  /** Those from block `first` of the file on, one at a time. */
  async *read(first = 0): AsyncGenerator<SavedBlock> {
    for (let block = first; block < this.count; block++) {
      const at = this.places[block];
      const saved = await this.#readAt(at, this.places[block + 1] - at);
      if (!saved) throw new Error(`${this.store.label}: block ${block} of the state was whole and is not any more`);
      yield saved;
    }
  }

  async #readAt(at: number, length: number): Promise<SavedBlock | undefined> {
    const found = savedBlockSchema.safeParse(await unpackData(await this.store.readAt(NAME, at, length)));
    return found.data;
  }
}
