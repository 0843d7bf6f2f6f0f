/** Of measured seconds: the middle, the ends, and how many there are. */
export function summary(seconds) {
  const sorted = seconds.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const median = (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2;
  return { median, min: sorted[0], max: sorted.at(-1), count: sorted.length };
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
