import { expect, test } from 'vitest';
import { studentQuantile } from '../../src/tokentrim/studentT.js';

/** ln Gamma by Stirling's series, above 20. */
function logGamma(x: number): number {
  let below = 0;
  let z = x;
  for (; z < 20; z++) below += Math.log(z);
  return (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + 1 / (12 * z) - 1 / (360 * z ** 3) - below;
}

/** P(T > t), by Simpson's rule over the angle whose tangent is t / sqrt(n): the density is a power of the cosine there. */
function upperTail(t: number, n: number): number {
  const factor = Math.exp(logGamma((n + 1) / 2) - logGamma(n / 2)) / Math.sqrt(Math.PI);
  const end = Math.atan(t / Math.sqrt(n));
  const pieces = 4000;
  let sum = 0;
  for (let index = 0; index <= pieces; index++) {
    const weight = index === 0 || index === pieces ? 1 : index % 2 === 1 ? 4 : 2;
    sum += weight * Math.cos((index * end) / pieces) ** (n - 1);
  }
  return 0.5 - (factor * sum * end) / pieces / 3;
}

test('as many are above it as it says', () => {
  for (const freedom of [1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 38, 100]) {
    for (const above of [0.4, 0.25, 0.1, 0.05, 0.025, 0.0125, 0.005, 0.001]) {
      const found = upperTail(studentQuantile(1 - above, freedom), freedom);
      expect(Math.abs(found / above - 1), `${above} of ${freedom}`).toBeLessThan(5e-5); // measured: 1.5e-5
    }
  }
});

test('printed tables', () => {
  expect(studentQuantile(0.975, 1)).toBeCloseTo(12.706, 3);
  expect(studentQuantile(0.975, 4)).toBeCloseTo(2.776, 3);
  expect(studentQuantile(0.95, 30)).toBeCloseTo(1.697, 3);
});
