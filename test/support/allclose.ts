/** The largest absolute difference, and where it is. A NaN on either side, or unequal lengths, differ by infinity. */
export function maxDifference(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
): { difference: number; index: number } {
  if (actual.length !== expected.length) return { difference: Number.POSITIVE_INFINITY, index: -1 };
  let worst = { difference: 0, index: 0 };
  for (let index = 0; index < expected.length; index++) {
    const distance = Math.abs(actual[index] - expected[index]);
    const difference = Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance;
    if (difference > worst.difference) worst = { difference, index };
  }
  return worst;
}

/** Throws, naming the worst element, unless every element is within `tolerance`. */
export function expectAllClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what = 'values',
): void {
  const { difference, index } = maxDifference(actual, expected);
  if (difference > tolerance) {
    throw new Error(
      `${what}: ${actual.length} values against ${expected.length}; element ${index} is ${actual[index]}, expected ` +
        `${expected[index]} (differs by ${difference.toExponential(2)}, tolerance ${tolerance})`,
    );
  }
}
