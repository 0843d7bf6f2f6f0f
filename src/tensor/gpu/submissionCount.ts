import type { Pace } from './pace.js';
import { Submission } from './submission.js';

/** The largest of what a program hands to an adapter, in floating-point operations (`operationsOf`). */
export interface LargestWork {
  readonly dispatch: { readonly kernel: string; readonly operations: number };
  readonly submission: { readonly dispatches: number; readonly operations: number };
}

/** Follows how a program would be handed over at a pace. */
export class SubmissionCount {
  #pending: Submission;
  #dispatch = { kernel: 'none', operations: 0 };
  #submission = { dispatches: 0, operations: 0 };

  constructor(private readonly pace: Pace) {
    this.#pending = new Submission(pace);
  }

  dispatch(kernel: string, operations: number): void {
    if (this.#pending.isFullFor(kernel, operations)) this.submit();
    this.#pending.add(kernel, operations);
    if (operations > this.#dispatch.operations) this.#dispatch = { kernel, operations };
  }

  submit(): void {
    const total = { dispatches: 0, operations: 0 };
    for (const { operations, launches } of this.#pending.work.values()) {
      total.dispatches += launches;
      total.operations += operations;
    }
    if (total.operations > this.#submission.operations) this.#submission = total;
    this.#pending = new Submission(this.pace);
  }

  get largest(): LargestWork {
    return { dispatch: this.#dispatch, submission: this.#submission };
  }
}
