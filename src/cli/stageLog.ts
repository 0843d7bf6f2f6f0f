import type { Stage } from '../pipelines/stages.js';
import type { Device } from '../tensor/device.js';
import { detail } from './output.js';
import { gigabytes, STAGES } from './planReport.js';

/** What `--verbose` says of a run's stages: when each began, and in the end what it took. */
export class StageLog {
  readonly #device: Device;
  #current: { stage: Stage; start: number; kernels: number } | undefined;

  constructor(device: Device) {
    this.#device = device;
  }

  begin(stage: Stage): void {
    this.end();
    this.#current = { stage, start: performance.now(), kernels: this.#device.kernels.names.length };
    detail(() => `${STAGES[stage]} ...`);
  }

  end(): void {
    if (!this.#current) return;
    const { stage, start, kernels } = this.#current;
    this.#current = undefined;
    const seconds = ((performance.now() - start) / 1000).toFixed(2);
    const made = this.#device.kernels.names.slice(kernels);
    const names = [...new Set(made)].join(', ');
    const { bytes, peakBytes } = this.#device.memory;
    detail(
      () =>
        `${STAGES[stage]}: ${seconds} s; ${made.length} kernels made${names && ` (${names})`}; ` +
        `${gigabytes(bytes)} on the device, ${gigabytes(peakBytes)} at most so far`,
    );
  }
}
