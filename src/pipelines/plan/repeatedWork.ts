/** What does the work: a device that counts operations. */
interface Counter {
  readonly operations: number;
}

/** The work of steps that repeat themselves: a plan follows the first ones, and the last of those stands for the rest. */
export class RepeatedWork {
  #steps = 0;
  #before: number; // operations when the latest step began
  #latest = 0; // operations of the latest step

  constructor(private readonly counter: Counter) {
    this.#before = counter.operations;
  }

  /** A step is done; how many that makes. */
  step(): number {
    this.#latest = this.counter.operations - this.#before;
    this.#before = this.counter.operations;
    return ++this.#steps;
  }

  /** Operations of the steps that were not followed, of so many in all; 0 where none was. */
  rest(steps: number): number {
    return Math.max(0, steps - this.#steps) * this.#latest;
  }
}
