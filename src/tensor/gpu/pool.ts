import { TokenTrimError } from '../../errors.js';
import type { Storage } from '../tensor.js';

/** Free buffers are kept up to this many bytes; past it the buffers of the largest sizes are destroyed first. */
const MAX_FREE_BYTES = 512 * 2 ** 20;

/** Buffers that wait for a submit to be destroyed are worth one past this many bytes. */
const MAX_DOOMED_BYTES = 128 * 2 ** 20;

/** Uploads up to this size are written into buffers that go round, as the tables of every call are; larger ones are weights. */
const MAX_POOLED_UPLOAD = 64 * 2 ** 10;

const USAGE = 0x80 | 0x04 | 0x08; // STORAGE | COPY_SRC | COPY_DST

/**
 * Buffers by size class, so that every block of a long rollout runs in the buffers of the block before it. Reuse is
 * safe without waiting: the queue runs launches in order, so a new owner writes after the old one's last read.
 */
export class BufferPool {
  #free = new Map<number, GPUBuffer[]>();
  #freeBytes = 0;
  #settled = new Map<number, GPUBuffer[]>(); // free, and not named by anything that is still to be submitted
  #unsettled: GPUBuffer[] = [];
  #written = new WeakSet<GPUBuffer>();
  #nextId = 1;
  #doomed: GPUBuffer[] = [];
  #doomedBytes = 0;
  #recentPeak = 0;
  buffers = 0;
  bytes = 0;
  peakBytes = 0;
  liveStorages = 0;

  constructor(private readonly device: Pick<GPUDevice, 'createBuffer'>) {}

  /** A buffer of at least `byteLength` bytes with undefined contents. */
  acquire(byteLength: number): Storage {
    const size = sizeClass(byteLength);
    const reused = this.#free.get(size)?.pop();
    if (reused) this.#freeBytes -= size;
    return this.#own(reused ?? this.#create(size, false), true);
  }

  /**
   * A buffer for values of the host, and whether it is the caller's to write them through the queue. That happens before
   * whatever is recorded and not yet submitted runs, so such buffers are reused only after a submit.
   */
  upload(byteLength: number, bytes?: Uint8Array): { storage: Storage; isUnwritten: boolean } {
    if (byteLength > MAX_POOLED_UPLOAD) return { storage: this.exact(byteLength, bytes), isUnwritten: false };
    const size = Math.max(256, 2 ** Math.ceil(Math.log2(byteLength))); // few sizes: lists of rows change in length
    const buffer = this.#settled.get(size)?.pop() ?? this.#create(size, false);
    this.#written.add(buffer);
    return { storage: this.#own(buffer, true), isUnwritten: true };
  }

  /**
   * A buffer of exactly `byteLength` bytes, rounded up to whole words.
   * @param bytes what it is filled with while mapped: no staging copy, no queue order to mind
   */
  exact(byteLength: number, bytes?: Uint8Array): Storage {
    const size = Math.ceil(byteLength / 4) * 4;
    const buffer = this.#create(size, bytes !== undefined);
    if (bytes) {
      new Uint8Array(buffer.getMappedRange()).set(bytes);
      buffer.unmap();
    }
    return this.#own(buffer, false);
  }

  release(storage: Storage): void {
    if (storage.freed || !storage.buffer) return;
    storage.freed = true;
    this.liveStorages--;
    if (!storage.pooled) {
      this.#doom(storage.buffer);
      return;
    }
    if (this.#written.has(storage.buffer)) {
      this.#unsettled.push(storage.buffer);
      return;
    }
    push(this.#free, storage.buffer);
    this.#freeBytes += storage.byteLength;
    if (this.#freeBytes > MAX_FREE_BYTES) this.#trim();
  }

  /** The most bytes held since this was last asked. */
  takePeak(): number {
    const peak = this.#recentPeak;
    this.#recentPeak = this.bytes;
    return peak;
  }

  /** Whether so much waits for `collect` that it should not wait for long. */
  get isOverdue(): boolean {
    return this.#doomedBytes > MAX_DOOMED_BYTES;
  }

  /** Destroys what was released for good. Call after a submit: launches recorded before may still name the buffers. */
  collect(): void {
    this.#doomedBytes = 0;
    for (const buffer of this.#unsettled.splice(0)) push(this.#settled, buffer);
    for (const buffer of this.#doomed.splice(0)) {
      this.buffers--;
      this.bytes -= buffer.size;
      buffer.destroy();
    }
  }

  #own(buffer: GPUBuffer, pooled: boolean): Storage {
    this.liveStorages++;
    return { buffer, byteLength: buffer.size, id: this.#idOf(buffer), pooled, freed: false };
  }

  #doom(buffer: GPUBuffer): void {
    this.#doomed.push(buffer);
    this.#doomedBytes += buffer.size;
  }

  #trim(): void {
    for (const size of [...this.#free.keys()].sort((left, right) => right - left)) {
      const free = this.#free.get(size) as GPUBuffer[];
      while (free.length > 0 && this.#freeBytes > MAX_FREE_BYTES / 2) {
        this.#doom(free.pop() as GPUBuffer);
        this.#freeBytes -= size;
      }
    }
  }

  #create(size: number, mappedAtCreation: boolean): GPUBuffer {
    this.buffers++;
    this.bytes += size;
    this.peakBytes = Math.max(this.peakBytes, this.bytes);
    this.#recentPeak = Math.max(this.#recentPeak, this.bytes);
    try {
      return this.device.createBuffer({ size, usage: USAGE, mappedAtCreation });
    } catch (error) {
      throw new TokenTrimError(
        `the adapter has no memory for ${mebibytes(size)} MiB more beside the ${mebibytes(this.bytes - size)} MiB in use: use ` +
          `a smaller \`width\`, \`height\` or \`window\`, or \`dtype\` bf16 (${error instanceof Error ? error.message : error})`,
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

function push(bySize: Map<number, GPUBuffer[]>, buffer: GPUBuffer): void {
  const others = bySize.get(buffer.size);
  if (others) others.push(buffer);
  else bySize.set(buffer.size, [buffer]);
}

const mebibytes = (bytes: number) => Math.round(bytes / 2 ** 20);

/** Rounds up in steps of at most a sixteenth of the size, so that nearly equal requests share buffers. */
function sizeClass(byteLength: number): number {
  const step = Math.max(256, 2 ** (Math.floor(Math.log2(Math.max(byteLength, 1))) - 4));
  return Math.ceil(Math.max(byteLength, 1) / step) * step;
}
