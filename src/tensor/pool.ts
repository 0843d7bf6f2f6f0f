import { TokenTrimError } from '../errors.js';
import type { Storage } from './tensor.js';

/** Free buffers are kept up to this many bytes; past it the buffers of the largest sizes are destroyed first. */
const MAX_FREE_BYTES = 512 * 2 ** 20;

const USAGE = 0x80 | 0x04 | 0x08; // STORAGE | COPY_SRC | COPY_DST

/**
 * Buffers by size class, so that every block of a long rollout runs in the buffers of the block before it. Reuse is
 * safe without waiting: the queue runs launches in order, so a new owner writes after the old one's last read.
 */
export class BufferPool {
  #free = new Map<number, GPUBuffer[]>();
  #freeBytes = 0;
  #nextId = 1;
  #doomed: GPUBuffer[] = [];
  buffers = 0;
  bytes = 0;
  peakBytes = 0;
  liveStorages = 0;

  constructor(private readonly device: GPUDevice) {}

  /** A buffer of at least `byteLength` bytes with undefined contents. */
  acquire(byteLength: number): Storage {
    const size = sizeClass(byteLength);
    const reused = this.#free.get(size)?.pop();
    if (reused) this.#freeBytes -= size;
    const buffer = reused ?? this.#create(size, false);
    this.liveStorages++;
    return { buffer, byteLength: size, id: this.#idOf(buffer), pooled: true, freed: false };
  }

  /** A buffer of exactly the given bytes, filled while mapped: no staging copy, no queue order to mind. */
  upload(bytes: Uint8Array): Storage {
    const size = Math.ceil(bytes.byteLength / 4) * 4;
    const buffer = this.#create(size, true);
    new Uint8Array(buffer.getMappedRange()).set(bytes);
    buffer.unmap();
    this.liveStorages++;
    return { buffer, byteLength: size, id: this.#idOf(buffer), pooled: false, freed: false };
  }

  release(storage: Storage): void {
    if (storage.freed || !storage.buffer) return;
    storage.freed = true;
    this.liveStorages--;
    if (!storage.pooled) {
      this.#doomed.push(storage.buffer);
      return;
    }
    const free = this.#free.get(storage.byteLength);
    if (free) free.push(storage.buffer);
    else this.#free.set(storage.byteLength, [storage.buffer]);
    this.#freeBytes += storage.byteLength;
    if (this.#freeBytes > MAX_FREE_BYTES) this.#trim();
  }

  /** Destroys what was released for good. Call after a submit: launches recorded before may still name the buffers. */
  collect(): void {
    for (const buffer of this.#doomed.splice(0)) {
      this.buffers--;
      this.bytes -= buffer.size;
      buffer.destroy();
    }
  }

  #trim(): void {
    for (const size of [...this.#free.keys()].sort((left, right) => right - left)) {
      const free = this.#free.get(size) as GPUBuffer[];
      while (free.length > 0 && this.#freeBytes > MAX_FREE_BYTES / 2) {
        this.#doomed.push(free.pop() as GPUBuffer);
        this.#freeBytes -= size;
      }
    }
  }

  #create(size: number, mappedAtCreation: boolean): GPUBuffer {
    this.buffers++;
    this.bytes += size;
    this.peakBytes = Math.max(this.peakBytes, this.bytes);
    try {
      return this.device.createBuffer({ size, usage: USAGE, mappedAtCreation });
    } catch (error) {
      throw new TokenTrimError(
        `the adapter has no memory for ${mebibytes(size)} MiB more beside the ${mebibytes(this.bytes - size)} MiB in use: use ` +
          `a smaller --width, --height or --window, or --dtype bf16 (${error instanceof Error ? error.message : error})`,
      );
    }
  }

  #ids = new WeakMap<GPUBuffer, number>();
  #idOf(buffer: GPUBuffer): number {
    let id = this.#ids.get(buffer);
    if (id === undefined) {
      id = this.#nextId++;
      this.#ids.set(buffer, id);
    }
    return id;
  }
}

const mebibytes = (bytes: number) => Math.round(bytes / 2 ** 20);

/** Rounds up in steps of at most a quarter of the size, so that nearly equal requests share buffers. */
function sizeClass(byteLength: number): number {
  const step = Math.max(256, 2 ** (Math.floor(Math.log2(Math.max(byteLength, 1))) - 2));
  return Math.ceil(Math.max(byteLength, 1) / step) * step;
}
