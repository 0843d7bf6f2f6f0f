import { say } from './output.js';

/** What the user's Ctrl-C, or a SIGTERM, asks of a run. */
export interface Interrupt {
  /** Aborted by the first signal: the run ends after the call at hand and keeps what is finished. */
  readonly signal: AbortSignal;
  /** Exit status of a run that a signal ended: 128 and the signal's number. */
  readonly status: number;
  /** What to do before a second signal ends the process at once; it cannot wait for anything. */
  onSecond: () => void;
  /** Gives the signals back to their default. */
  release(): void;
}

const NUMBERS = { SIGINT: 2, SIGTERM: 15 } as const;

export function watchInterrupt(): Interrupt {
  const controller = new AbortController();
  const names = Object.keys(NUMBERS) as (keyof typeof NUMBERS)[];
  const interrupt = {
    signal: controller.signal,
    status: 0,
    onSecond() {},
    release() {
      for (const name of names) process.off(name, onSignal);
    },
  };
  function onSignal(name: keyof typeof NUMBERS): void {
    interrupt.status = 128 + NUMBERS[name];
    if (controller.signal.aborted) {
      interrupt.onSecond();
      process.exit(interrupt.status);
    }
    controller.abort();
    say('\nstopping after the call at hand; once more to stop at once');
  }
  for (const name of names) process.on(name, onSignal);
  return interrupt;
}
