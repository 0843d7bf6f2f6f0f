import { addWork, type GrowingWork, type Pace, type Work } from './pace.js';

/** Ends that are seen within so many milliseconds were seen by one look at the adapter: how they lay is not known. */
const SAME_LOOK_MS = 2;

/** What is shorter says more of the looks than of the adapter, unless more had been expected. */
const LEAST_SECONDS = 0.02;

/** Recording a call takes a few hundredths of it: so long an adapter is without work where it is waited for. */
const MOST_AHEAD_SECONDS = 1;

/** Measures from outside what submissions take, and tells the pace. They end in their order, one after the other. */
export class SubmissionTimes {
  #ended: Work[] = []; // since #from
  #from = 0;
  #last = Number.NEGATIVE_INFINITY; // when the latest was seen to end
  #ahead = 0; // seconds that what has not ended was expected to take

  /** @param now a clock in milliseconds */
  constructor(
    private readonly queue: Pick<GPUQueue, 'onSubmittedWorkDone'>,
    private readonly pace: Pace,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Call after a submit. */
  submitted(work: Work): void {
    const start = this.now();
    const expected = this.pace.secondsOf(work);
    this.#ahead += expected;
    const ended = () => {
      this.#ahead -= expected;
      this.#noteEnd(start, work);
    };
    this.queue.onSubmittedWorkDone().then(ended, () => undefined); // a lost device is told of elsewhere
  }

  /**
   * Whether more than a second of work was handed over and has not ended, as far as is known. Who makes one call after
   * another and reads nothing would else hand over a whole video at a pace that nothing corrects.
   */
  get isFarAhead(): boolean {
    return this.#ahead > MOST_AHEAD_SECONDS;
  }

  /** Waits for all that was handed over, and tells the pace. */
  async catchUp(): Promise<void> {
    await this.queue.onSubmittedWorkDone();
    this.settle();
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
