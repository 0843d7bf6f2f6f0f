import { addWork, type GrowingWork, type Pace, type Work } from './pace.js';

/** Ends that are seen within so many milliseconds were seen by one look at the adapter: how they lay is not known. */
const SAME_LOOK_MS = 2;

/** What is shorter says more of the looks than of the adapter, unless more had been expected. */
const LEAST_SECONDS = 0.02;

/** Measures from outside what submissions take, and tells the pace. They end in their order, one after the other. */
export class SubmissionTimes {
  #ended: Work[] = []; // since #from
  #from = 0;
  #last = Number.NEGATIVE_INFINITY; // when the latest was seen to end

  /** @param now a clock in milliseconds */
  constructor(
    private readonly queue: Pick<GPUQueue, 'onSubmittedWorkDone'>,
    private readonly pace: Pace,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Call after a submit. */
  submitted(work: Work): void {
    const start = this.now();
    const ended = () => this.#noteEnd(start, work);
    this.queue.onSubmittedWorkDone().then(ended, () => undefined); // a lost device is told of elsewhere
  }

  /** Tells the pace of those that have ended. */
  settle(): void {
    if (this.#ended.length === 0) return;
    const work = sum(this.#ended.splice(0));
    const seconds = (this.#last - this.#from) / 1000;
    if (Math.max(seconds, this.pace.secondsOf(work)) >= LEAST_SECONDS) this.pace.note(work, seconds);
  }

  #noteEnd(start: number, work: Work): void {
    const time = this.now();
    if (time - this.#last > SAME_LOOK_MS) {
      this.settle();
      this.#from = Math.max(start, this.#last);
    }
    this.#last = time;
    this.#ended.push(work);
  }
}

function sum(works: readonly Work[]): Work {
  const total: GrowingWork = new Map();
  for (const [kernel, launched] of works.flatMap((work) => [...work])) addWork(total, kernel, launched);
  return total;
}
