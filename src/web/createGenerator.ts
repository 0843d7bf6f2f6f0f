import { TokenTrimError } from '../errors.js';
import type { Pace } from './gate.js';
import type {
  Answer,
  ModelPlace,
  OpenedModel,
  Order,
  PostedDeviceOptions,
  PostedEvent,
  PostedRequest,
} from './messages.js';

/** A page's end of a worker that generates. */
export interface RemoteGenerator {
  /**
   * Opens a model, and the device that it will run on, in the place of those before.
   * @param place the address of a folder, absolute or relative to the page, or files that were picked
   * @throws TokenTrimError where there is no WebGPU, or no model
   */
  open(place: ModelPlace, device?: PostedDeviceOptions): Promise<OpenedModel>;
  /**
   * What `generate` does, with the same events; pictures and latents are the page's. A run that is asked for while another
   * goes on waits for its end. Leaving the loop, and `signal`, stop the run after the call at hand.
   * @throws TokenTrimError as `generate` does
   */
  run(request: PostedRequest, options?: { readonly signal?: AbortSignal }): AsyncGenerator<PostedEvent, void>;
  /**
   * Has a run pause after the call at hand, make one call, or go on; runs that follow too. The one call is that at hand where
   * the run has not paused after it yet.
   */
  pace(pace: Pace): void;
  /** Ends the worker at once, whatever it does. */
  close(): void;
}

/** What of a `Worker` is used. */
export type GeneratorWorker = Pick<Worker, 'postMessage' | 'addEventListener' | 'terminate'>;

/**
 * Generates in a worker, so that the page stays free.
 * @param worker one that runs `tokentrim/web/worker`
 */
export function createGenerator(worker: GeneratorWorker): RemoteGenerator {
  const calls = new Map<number, (answer: Answer) => void>();
  let count = 0;
  let broken: string | undefined;

  const fail = (message: string) => {
    broken ??= message;
    for (const [call, tell] of calls) tell({ kind: 'failed', call, message: broken, isExpected: true });
  };
  worker.addEventListener('message', (({ data }: MessageEvent<Answer>) =>
    calls.get(data.call)?.(data)) as EventListener);
  worker.addEventListener('error', ((event: ErrorEvent) => {
    fail(
      `the worker that generates failed (${event.message || 'its script could not be loaded'}): load the page again`,
    );
  }) as EventListener);

  /** The answers to one order, the last of which ends it. */
  async function* ask(order: Exclude<Order, { kind: 'pace' }>): AsyncGenerator<Answer, void> {
    const waiting: Answer[] = [];
    let wake = () => {};
    calls.set(order.call, (answer) => {
      waiting.push(answer);
      wake();
    });
    try {
      if (broken !== undefined) throw new TokenTrimError(broken);
      worker.postMessage(order);
      for (;;) {
        const next = waiting.shift();
        if (next === undefined) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          continue;
        }
        if (next.kind === 'failed') throw next.isExpected ? new TokenTrimError(next.message) : new Error(next.message);
        yield next;
        if (next.kind !== 'event') return;
      }
    } finally {
      calls.delete(order.call);
    }
  }

  return {
    async open(place, device = {}) {
      // A worker would resolve the address against its own.
      const absolute = 'url' in place ? { url: new URL(place.url, globalThis.document?.baseURI).href } : place;
      for await (const answer of ask({ kind: 'open', call: count++, place: absolute, device })) {
        if (answer.kind === 'opened') return answer.opened;
      }
      throw new Error('the worker opened nothing');
    },
    async *run(request, { signal } = {}) {
      const call = count++;
      const stop = () => worker.postMessage({ kind: 'stop', call } satisfies Order);
      let isOver = false;
      try {
        const answers = ask({ kind: 'run', call, request });
        signal?.addEventListener('abort', stop, { once: true });
        if (signal?.aborted) return;
        for await (const answer of answers) if (answer.kind === 'event') yield answer.event;
        isOver = true;
      } catch (error) {
        isOver = true;
        throw error;
      } finally {
        signal?.removeEventListener('abort', stop);
        if (!isOver) stop();
      }
    },
    pace: (pace) => worker.postMessage({ kind: 'pace', pace } satisfies Order),
    close() {
      worker.terminate();
      fail('the worker that generates was closed');
    },
  };
}
