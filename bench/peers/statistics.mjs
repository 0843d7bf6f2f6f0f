import { median } from '../support/statistics.mjs';

/** Of measured seconds: the middle, the ends, and how many there are. */
export function summary(seconds) {
  return { median: median(seconds), min: Math.min(...seconds), max: Math.max(...seconds), count: seconds.length };
}

/** The largest difference of two results, as a share of the root mean square of the first; Infinity where one is no number. */
export function difference(expected, found) {
  if (expected.length !== found.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  let squares = 0;
  for (let index = 0; index < expected.length; index++) {
    const apart = Math.abs(expected[index] - found[index]);
    if (!(apart <= largest)) largest = Number.isNaN(apart) ? Number.POSITIVE_INFINITY : apart;
    squares += expected[index] ** 2;
  }
  return largest / Math.sqrt(squares / expected.length);
}
