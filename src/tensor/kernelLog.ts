/** The code of a kernel: its file, and the constants that select or size what is in it. */
export interface KernelCode {
  /** File name in `src/kernels` without `.wgsl`. */
  readonly kernel: string;
  readonly overrides?: Readonly<Record<string, number>>;
}

/** The code of a kernel that a plan has launched. */
export interface PlannedKernel extends KernelCode {
  /** How many tensors it reads. */
  readonly reads: number;
}

/**
 * Which kernels a device has met. Each code is compiled once: by Dawn into the driver's language, and by the driver before
 * its first launch, unless the driver remembers it from an earlier run.
 */
export class KernelLog {
  /** What the latest plan of a run on this device has launched, by name and constants. */
  readonly planned = new Map<string, PlannedKernel>();
  /** Kernels made so far, in order; a name comes once for each set of constants. */
  readonly names: string[] = [];
  /** How many of them have run for sure. */
  #ran = 0;

  plan({ kernel, overrides = {}, reads }: PlannedKernel): void {
    let key = kernel; // by hand: a plan has 100 000 launches
    for (const name in overrides) key += ` ${name} ${overrides[name]}`;
    if (!this.planned.has(key)) this.planned.set(key, { kernel, overrides, reads });
  }

  /** The first `count` kernels have run. */
  noteRun(count: number): void {
    this.#ran = Math.max(this.#ran, count);
  }

  /** Names of the kernels that are new and have not run yet for sure: what the driver may be compiling. */
  get pending(): string[] {
    return this.names.slice(this.#ran);
  }
}
