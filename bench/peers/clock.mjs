// Import this before a runtime is loaded: threads that exist by then are JavaScript's.
import { secondsOf, threads } from '../support/threads.mjs';

const javaScript = new Set(threads());

/**
 * Seconds so far: on a software adapter those that threads of the runtime and its driver were on a processor, which other
 * programs hardly change; else those of the clock.
 */
export function now(onProcessor) {
  return onProcessor ? secondsOf(threads().filter((id) => !javaScript.has(id))) : performance.now() / 1e3;
}
