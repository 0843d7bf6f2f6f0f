import type { GenerateEvent } from '../pipelines/stages.js';
import type { StepEvent } from './format.js';

/** Counts, block by block, the new attempts that saw as much of the past as the one before: nothing was left to prune. */
export class IdleRetries {
  readonly #counts = new Map<number, number>();
  #last: { readonly block: number; readonly attempt: number; readonly rows: number } | undefined;

  /** Takes the events of a run, or the calls of its trace, in order. */
  add(event: GenerateEvent | StepEvent): void {
    if (event.kind !== 'step' || !event.seen) return;
    const { block, attempt, seen } = event;
    const isRetry = this.#last?.block === block && this.#last.attempt < attempt;
    if (isRetry && this.#last?.rows === seen.rows) this.#counts.set(block, this.of(block) + 1);
    this.#last = { block, attempt, rows: seen.rows };
  }

  of(block: number): number {
    return this.#counts.get(block) ?? 0;
  }
}
