import { readdirSync, readFileSync } from 'node:fs';

/** The threads of this process; none where the system does not tell. */
export function threads() {
  try {
    return readdirSync('/proc/self/task');
  } catch {
    return []; // not Linux
  }
}

/** Seconds that threads have been running on a processor. */
export function secondsOf(ids) {
  return ids.reduce((sum, id) => sum + nanosecondsOf(id), 0) / 1e9;
}

function nanosecondsOf(id) {
  try {
    return Number(readFileSync(`/proc/self/task/${id}/schedstat`, 'utf8').split(' ')[0]);
  } catch {
    return 0; // it ended since it was listed
  }
}
