import type { StateStore } from '../../pipelines/resume/stateStore.js';
import { isFolder } from '../files/outputTarget.js';
import { StateFolder } from './stateFolder.js';

/** The state of a run that may turn out too short to have one: its folder is made when something is written into it. */
export class LazyStateFolder implements StateStore {
  private constructor(
    readonly label: string,
    private opened: StateFolder | undefined,
  ) {}

  /** @throws TokenTrimError where the folder is there, and another process uses it or it is no state's */
  static async open(path: string): Promise<LazyStateFolder> {
    return new LazyStateFolder(path, (await isFolder(path)) ? await StateFolder.open(path) : undefined);
  }

  async names(): Promise<string[]> {
    return this.opened?.names() ?? [];
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    return this.opened?.read(name);
  }

  async readAt(name: string, position: number, length: number): Promise<Uint8Array> {
    return this.opened?.readAt(name, position, length) ?? new Uint8Array(0);
  }

  async write(name: string, bytes: Uint8Array): Promise<void> {
    await (await this.#made()).write(name, bytes);
  }

  async append(name: string, position: number, bytes: Uint8Array): Promise<void> {
    await (await this.#made()).append(name, position, bytes);
  }

  async remove(name: string): Promise<void> {
    await this.opened?.remove(name);
  }

  async close(): Promise<void> {
    await this.opened?.close();
    this.opened = undefined;
  }

  async discard(): Promise<void> {
    await this.opened?.discard();
    this.opened = undefined;
  }

  async #made(): Promise<StateFolder> {
    this.opened ??= await StateFolder.open(this.label);
    return this.opened;
  }
}
