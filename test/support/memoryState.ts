import type { StateStore } from '../../src/pipelines/resume/stateStore.js';

/** The process was killed, or the power went. */
export class Killed extends Error {}

/** A state in memory, in the place of a folder, which can end a process at any write and leave that one torn. */
export class MemoryState implements StateStore {
  readonly label = 'memory';
  readonly files = new Map<string, Uint8Array>();
  /** Writes, appends and removals so far. */
  operations = 0;
  /** The operation that is the last, and what share of its bytes it still writes; with `isTorn`, under the name that counts. */
  last: { readonly operation: number; readonly share: number; readonly isTorn: boolean } | undefined;

  async names(): Promise<string[]> {
    return [...this.files.keys()];
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    return this.files.get(name)?.slice();
  }

  async readAt(name: string, position: number, length: number): Promise<Uint8Array> {
    return this.files.get(name)?.slice(position, position + length) ?? new Uint8Array(0);
  }

  async write(name: string, bytes: Uint8Array): Promise<void> {
    this.#step((share, isTorn) => isTorn && this.files.set(name, bytes.slice(0, share * bytes.length)));
    this.files.set(name, bytes.slice());
  }

  async append(name: string, position: number, bytes: Uint8Array): Promise<void> {
    const before = this.files.get(name)?.slice(0, position) ?? new Uint8Array(0);
    if (before.length !== position)
      throw new Error(`${name} has ${before.length} bytes, and is appended to at ${position}`);
    const joined = (length: number) => Uint8Array.from([...before, ...bytes.subarray(0, length)]);
    this.#step((share) => this.files.set(name, joined(share * bytes.length)));
    this.files.set(name, joined(bytes.length));
  }

  async remove(name: string): Promise<void> {
    this.#step(() => undefined);
    this.files.delete(name);
  }

  #step(tear: (share: number, isTorn: boolean) => unknown): void {
    this.operations++;
    if (this.last?.operation !== this.operations) return;
    tear(this.last.share, this.last.isTorn);
    throw new Killed();
  }
}
