import type { PromptStore } from './promptEmbeddings.js';

/** Past this many bytes the entries that were not used for longest are dropped. */
const MAX_BYTES = 64 * 2 ** 20;

/** Embedded prompts in memory: a second run with a prompt needs no text encoder. */
export class MemoryPromptStore implements PromptStore {
  #entries = new Map<string, Float32Array>(); // the one used last comes last
  #bytes = 0;

  constructor(private readonly maxBytes = MAX_BYTES) {}

  async read(key: string, [rows, width]: readonly [number, number]): Promise<Float32Array | undefined> {
    const found = this.#entries.get(key);
    if (found?.length !== rows * width) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, found);
    return found;
  }

  async write(key: string, embeds: Float32Array): Promise<undefined> {
    this.#drop(key);
    this.#entries.set(key, embeds);
    this.#bytes += embeds.byteLength;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.maxBytes) break;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    this.#bytes -= this.#entries.get(key)?.byteLength ?? 0;
    this.#entries.delete(key);
  }
}
