import { TokenTrimError } from '../../../src/errors.js';
import type { TraceEvent } from '../../../src/trace/format.js';
import { readTrace } from '../../../src/trace/readTrace.js';
import { Trace } from '../../../src/trace/traceReader.js';
import type { TraceFiles } from '../../../src/trace/traceSink.js';
import { type BlockFacts, factsOf } from '../logic/facts.js';

/** What the viewer draws pictures from. */
export type Files = TraceFiles<CanvasImageSource>;

/** A run that is looked at: its trace as far as it is there, and where its tensors and pictures lie. */
export class Run {
  readonly trace = new Trace();
  /** What is wrong with the trace, in a sentence. */
  problem: string | undefined;
  /** Whether no more will come. */
  isWhole = false;
  #rest = '';
  #facts: readonly BlockFacts[] = [];
  #factsAt = -1;
  readonly #listeners = new Set<() => void>();

  constructor(
    readonly name: string,
    readonly files: Files,
  ) {}

  /** What is known of its blocks. */
  get facts(): readonly BlockFacts[] {
    if (this.#factsAt !== this.trace.count) {
      this.#facts = factsOf(this.trace);
      this.#factsAt = this.trace.count;
    }
    return this.#facts;
  }

  /** Takes an event as it happens. */
  take(event: TraceEvent): void {
    this.trace.take(event);
    this.tell();
  }

  /** Takes more of the text of events.jsonl; damaged lines are passed over. */
  read(text: string): void {
    if (this.isWhole) return;
    try {
      const whole = this.#rest + text;
      this.#rest = whole;
      if (this.trace.count === 0 && !whole.includes('\n')) return; // the first line is not all there
      const { problem, length } = readTrace(whole, this.trace);
      this.#rest = whole.slice(length);
      this.problem = problem;
      this.isWhole = this.trace.end !== undefined;
    } catch (error) {
      if (!(error instanceof TokenTrimError)) throw error;
      this.fail(error.message);
      return;
    }
    this.tell();
  }

  /** Ends it with a sentence. */
  fail(problem: string): void {
    this.problem = problem;
    this.isWhole = true;
    this.tell();
  }

  /** Tells of every change; the answer ends that. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
