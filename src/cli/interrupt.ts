import { END_SIGNALS, type EndSignal, statusOf, takeHeldSignal } from './earlySignal.js';
import { say } from './output.js';

/** What the user's Ctrl-C, a SIGTERM or a closed terminal asks of a run. */
export interface Interrupt {
  /** Aborted by the first signal: the run ends after the call at hand and keeps what is finished. */
  readonly signal: AbortSignal;
  /** Exit status of a run that a signal ended: 128 and the signal's number. */
  readonly status: number;
  /** What is still to be done where the call at hand takes too long; it may take half a second, and then the process ends. */
  onPatienceEnd: () => Promise<unknown>;
  /** Whether a driver is compiling: a program that exits meanwhile takes memory away under its threads, and crashes. */
  isCompiling: () => boolean;
  /** Gives the signals back to their default, which ends the process at once, wherever it is. */
  release(): void;
}

/** Milliseconds that the call at hand is waited for: at full size one may take minutes. */
const PATIENCE_MS = 1200;

/** The same for what is done then. */
const LAST_MS = 500;

/** Watches from now on; a signal that came while the program was loading counts. */
export function watchInterrupt(): Interrupt {
  const controller = new AbortController();
  let patience: NodeJS.Timeout | undefined;
  const interrupt = {
    signal: controller.signal,
    status: 0,
    onPatienceEnd: async (): Promise<unknown> => undefined,
    isCompiling: () => false,
    release() {
      clearTimeout(patience);
      for (const watched of END_SIGNALS) process.off(watched, onSignal);
    },
  };
  let name: EndSignal = 'SIGTERM';
  const end = () => {
    if (!interrupt.isCompiling()) process.exit(interrupt.status);
    process.exitCode = interrupt.status;
    process.emit('exit', interrupt.status); // reports and locks
    interrupt.release();
    process.kill(process.pid, name); // a shell says 130 or 143 for it too
  };
  function onSignal(received: EndSignal): void {
    name = received;
    interrupt.status = statusOf(name);
    if (controller.signal.aborted) end();
    patience = setTimeout(() => {
      setTimeout(end, LAST_MS);
      interrupt.onPatienceEnd().then(end, end);
    }, PATIENCE_MS);
    controller.abort();
    say('\nstopping; once more to stop at once');
  }
  for (const watched of END_SIGNALS) process.on(watched, onSignal);
  const early = takeHeldSignal();
  if (early) onSignal(early);
  return interrupt;
}
