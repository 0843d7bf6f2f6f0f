/**
 * Phi(x): the share of a standard normal below x, to 1e-7.
 * Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.2.17.
 */
export function normalShare(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const tail =
    (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) *
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return x >= 0 ? 1 - tail : tail;
}

/** Past it a share is 0 or 1 to seven digits. */
const FAR = 8;

/** The x below which a share of a standard normal lies: the inverse of {@link normalShare}, by halving. */
export function normalQuantile(share: number): number {
  let [low, high] = [-FAR, FAR];
  while (high - low > 1e-9) {
    const middle = (low + high) / 2;
    if (normalShare(middle) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
