import { addWork, type GrowingWork, type Pace, SUBMISSION_SECONDS, type Work } from './pace.js';

/** What is recorded and not handed over yet: as much as the adapter is expected to do in a quarter of a second. */
export class Submission {
  #work: GrowingWork = new Map();
  #seconds = 0;

  constructor(private readonly pace: Pace) {}

  get work(): Work {
    return this.#work;
  }

  /** Whether a dispatch has to wait for the next one. */
  isFullFor(kernel: string, operations: number): boolean {
    return this.#work.size > 0 && this.#seconds + this.pace.seconds(kernel, operations) > SUBMISSION_SECONDS;
  }

  add(kernel: string, operations: number): void {
    addWork(this.#work, kernel, { operations, launches: 1 });
    this.#seconds += this.pace.seconds(kernel, operations);
  }
}
