const NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/** A signal that asks the program to end. */
export type EndSignal = keyof typeof NUMBERS;

export const END_SIGNALS = Object.keys(NUMBERS) as EndSignal[];

/** What a shell reports of a program that a signal ended. */
export const statusOf = (signal: EndSignal): number => 128 + NUMBERS[signal];

let holding = false;
let held: EndSignal | undefined;

// Reading this program's modules takes half a second, more on a busy machine. `generate --json` owes its reader an object
// from the first moment on, so a signal that comes meanwhile waits for the command, which says how it was interrupted.
// This module imports nothing: bin/tokentrim.js has it before it asks for the others.

/** Keeps the first signal from now on, for {@link takeHeldSignal}; a second one ends the program. */
export function holdSignals(): void {
  holding = true;
  for (const signal of END_SIGNALS) process.on(signal, hold);
}

/** Stops keeping signals, and returns the one that came. */
export function takeHeldSignal(): EndSignal | undefined {
  if (holding) for (const signal of END_SIGNALS) process.off(signal, hold);
  holding = false;
  return held;
}

function hold(signal: EndSignal): void {
  if (held) process.exit(statusOf(signal));
  held = signal;
}
