import type { KernelTime } from '../device.js';

const MAX_QUERIES = 4096;

/** Launches of one kernel that follow each other in a pass. */
interface Stamped {
  readonly kernel: string;
  calls: number;
}

/**
 * Per-kernel GPU time from timestamp queries: a begin and an end stamp around launches of a kernel that follow each other,
 * summed by kernel name. A pass has a cost of its own, and on Apple's cards stamps lie at its ends alone: a pass for every
 * launch would time passes.
 */
export class Profiler {
  #querySet: GPUQuerySet;
  #resolved: GPUBuffer;
  #stamped: Stamped[] = [];
  #totals = new Map<string, { calls: number; nanoseconds: number }>();
  #pending: Promise<void> = Promise.resolve();

  constructor(private readonly device: GPUDevice) {
    this.#querySet = device.createQuerySet({ type: 'timestamp', count: MAX_QUERIES });
    this.#resolved = device.createBuffer({ size: MAX_QUERIES * 8, usage: 0x200 | 0x04 /* QUERY_RESOLVE | COPY_SRC */ });
  }

  get full(): boolean {
    return this.#stamped.length * 2 + 2 > MAX_QUERIES;
  }

  /** Whose launches the latest pass has. */
  get kernel(): string | undefined {
    return this.#stamped.at(-1)?.kernel;
  }

  /** The stamps of a compute pass for launches of a kernel. */
  stamp(kernel: string): GPUComputePassTimestampWrites {
    const first = this.#stamped.push({ kernel, calls: 0 }) * 2 - 2;
    return { querySet: this.#querySet, beginningOfPassWriteIndex: first, endOfPassWriteIndex: first + 1 };
  }

  /** One launch more in the latest pass. */
  count(): void {
    const latest = this.#stamped.at(-1);
    if (latest) latest.calls++;
  }

  /** Records the resolve of what was stamped; call it last before a submit, then `collect` after. */
  resolve(encoder: GPUCommandEncoder): (() => void) | undefined {
    const stamped = this.#stamped.splice(0);
    if (stamped.length === 0) return undefined;
    const bytes = stamped.length * 16;
    const staging = this.device.createBuffer({ size: bytes, usage: 0x01 | 0x08 /* MAP_READ | COPY_DST */ });
    encoder.resolveQuerySet(this.#querySet, 0, stamped.length * 2, this.#resolved, 0);
    encoder.copyBufferToBuffer(this.#resolved, 0, staging, 0, bytes);
    return () => {
      this.#pending = this.#pending.then(() => this.#collect(staging, stamped));
    };
  }

  async times(): Promise<KernelTime[]> {
    await this.#pending;
    return [...this.#totals]
      .map(([kernel, { calls, nanoseconds }]) => ({ kernel, calls, milliseconds: nanoseconds / 1e6 }))
      .sort((left, right) => right.milliseconds - left.milliseconds);
  }

  async #collect(staging: GPUBuffer, stamped: readonly Stamped[]): Promise<void> {
    await staging.mapAsync(0x01);
    const stamps = new BigUint64Array(staging.getMappedRange());
    stamped.forEach(({ kernel, calls }, index) => {
      const total = this.#totals.get(kernel) ?? { calls: 0, nanoseconds: 0 };
      total.calls += calls;
      total.nanoseconds += Math.max(0, Number(stamps[index * 2 + 1] - stamps[index * 2]));
      this.#totals.set(kernel, total);
    });
    staging.destroy();
  }
}
