import type { Tap } from '../../models/wan/tap.js';
import type { Device } from '../../tensor/device.js';
import type { Tensor } from '../../tensor/tensor.js';

/** What a tap was shown under one name, piece after piece. */
export interface Part {
  readonly name: string;
  /** The shape of one row: all axes but the first. */
  readonly row: readonly number[];
  /** The rows of all pieces. */
  readonly values: number[];
}

/** Collects the wanted parts of a model while it runs, each joined along its first axis, in forward order. */
export class PartRecorder {
  #parts = new Map<string, { row: readonly number[]; reads: Promise<ArrayLike<number>>[] }>();

  constructor(
    private readonly device: Device,
    private readonly isWanted: (part: string) => boolean = () => true,
  ) {}

  readonly tap: Tap = (name: string, output: Tensor) => {
    if (!this.isWanted(name)) return;
    const part = this.#parts.get(name) ?? { row: output.shape.slice(1), reads: [] };
    this.#parts.set(name, part);
    const read = this.device.read(output);
    // A tap cannot wait, and the model may throw before anybody does: `settle` reports this failure, and without a
    // handler of its own it would end the process.
    read.catch(() => undefined);
    part.reads.push(read);
  };

  /** Waits until all that was shown so far has been read: bounds what waits. Throws where a read failed. */
  async settle(): Promise<void> {
    await Promise.all([...this.#parts.values()].flatMap(({ reads }) => reads));
  }

  async parts(): Promise<Part[]> {
    await this.settle();
    const parts: Part[] = [];
    for (const [name, { row, reads }] of this.#parts) {
      parts.push({ name, row, values: (await Promise.all(reads)).flatMap((read) => Array.from(read)) });
    }
    return parts;
  }
}
