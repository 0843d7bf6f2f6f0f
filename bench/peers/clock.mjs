// Import this before a runtime is loaded: threads that exist by then are JavaScript's.
import { readdirSync, readFileSync } from 'node:fs';

const threads = () => {
  try {
    return readdirSync('/proc/self/task');
  } catch {
    return []; // not Linux
  }
};
const javaScript = new Set(threads());

/**
 * Seconds so far: on a software adapter those that threads of the runtime and its driver were on a processor, which other
 * programs hardly change; else those of the clock.
 */
export function now(onProcessor) {
  if (!onProcessor) return performance.now() / 1e3;
  const nanoseconds = threads()
    .filter((id) => !javaScript.has(id))
    .map(timeOnProcessor);
  return nanoseconds.reduce((sum, value) => sum + value, 0) / 1e9;
}

function timeOnProcessor(id) {
  try {
    return Number(readFileSync(`/proc/self/task/${id}/schedstat`, 'utf8').split(' ')[0]);
  } catch {
    return 0; // ended since it was listed
  }
}
