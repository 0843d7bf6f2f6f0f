import type { KernelTime } from '../device.js';

const MAX_QUERIES = 4096;

/** Per-kernel GPU time from timestamp queries: a begin and an end stamp around every launch, summed by kernel name. */
export class Profiler {
  #querySet: GPUQuerySet;
  #resolved: GPUBuffer;
  #names: string[] = [];
  #totals = new Map<string, { calls: number; nanoseconds: number }>();
  #pending: Promise<void> = Promise.resolve();

  constructor(private readonly device: GPUDevice) {
    this.#querySet = device.createQuerySet({ type: 'timestamp', count: MAX_QUERIES });
    this.#resolved = device.createBuffer({ size: MAX_QUERIES * 8, usage: 0x200 | 0x04 /* QUERY_RESOLVE | COPY_SRC */ });
  }

  get full(): boolean {
    return this.#names.length * 2 + 2 > MAX_QUERIES;
  }

  /** The stamps of the next launch's own compute pass. */
  stamp(kernel: string): GPUComputePassTimestampWrites {
    const first = this.#names.push(kernel) * 2 - 2;
    return { querySet: this.#querySet, beginningOfPassWriteIndex: first, endOfPassWriteIndex: first + 1 };
  }

  /** Records the resolve of what was stamped; call it last before a submit, then `collect` after. */
  resolve(encoder: GPUCommandEncoder): (() => void) | undefined {
    const names = this.#names.splice(0);
    if (names.length === 0) return undefined;
    const bytes = names.length * 16;
    const staging = this.device.createBuffer({ size: bytes, usage: 0x01 | 0x08 /* MAP_READ | COPY_DST */ });
    encoder.resolveQuerySet(this.#querySet, 0, names.length * 2, this.#resolved, 0);
    encoder.copyBufferToBuffer(this.#resolved, 0, staging, 0, bytes);
    return () => {
      this.#pending = this.#pending.then(() => this.#collect(staging, names));
    };
  }

  async times(): Promise<KernelTime[]> {
    await this.#pending;
    return [...this.#totals]
      .map(([kernel, { calls, nanoseconds }]) => ({ kernel, calls, milliseconds: nanoseconds / 1e6 }))
      .sort((left, right) => right.milliseconds - left.milliseconds);
  }

  async #collect(staging: GPUBuffer, names: string[]): Promise<void> {
    await staging.mapAsync(0x01);
    const stamps = new BigUint64Array(staging.getMappedRange());
    names.forEach((kernel, index) => {
      const total = this.#totals.get(kernel) ?? { calls: 0, nanoseconds: 0 };
      total.calls++;
      total.nanoseconds += Math.max(0, Number(stamps[index * 2 + 1] - stamps[index * 2]));
      this.#totals.set(kernel, total);
    });
    staging.destroy();
  }
}
