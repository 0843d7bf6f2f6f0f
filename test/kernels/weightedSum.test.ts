import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { weightedSum } from '../../src/kernels/elementwise/weightedSum.js';
import { device } from '../support/device.js';
import { expectTwin, expectValues, randomTensor, seeds, sizes } from '../support/twins.js';

describe('weightedSum', () => {
  test('agrees with its twin', async () => {
    const weights = fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(sizes(5), sizes(300), weights, seeds, (rows, columns, factors, seed) =>
        expectTwin((on) =>
          weightedSum(factors.map((weight, term) => [weight, randomTensor(on, seed + term, [rows, columns])])),
        ),
      ),
    );
  });

  test('adds every term once, each with its own weight', async () => {
    const units = [1, 10, 100, 1000];
    for (let count = 1; count <= 4; count++) {
      const expected = units.slice(0, count).reduce((sum, unit, term) => sum + unit * (term + 2), 0);
      await expectValues(
        (on) =>
          weightedSum(units.slice(0, count).map((unit, term) => [term + 2, on.upload(Float32Array.of(unit), [1])])),
        [expected],
        0,
      );
    }
  });

  test('takes the same tensor twice', async () => {
    await expectValues(
      (on) => {
        const x = on.upload(Float32Array.of(1, -4), [2]);
        return weightedSum([
          [2, x],
          [0.5, x],
        ]);
      },
      [2.5, -10],
      0,
    );
  });

  test('refuses weights that are not finite, other shapes, and too many terms', () => {
    device.scope(() => {
      const x = device.zeros([2, 3]);
      expect(() => weightedSum([[Number.POSITIVE_INFINITY, x]])).toThrow('weights must be finite, found Infinity');
      const transposed = device.zeros([3, 2]);
      expect(() =>
        weightedSum([
          [1, x],
          [1, transposed],
        ]),
      ).toThrow('weightedSum: every term');
      expect(() => weightedSum([])).toThrow('1 to 4 terms are supported, found 0');
      expect(() => weightedSum(Array(5).fill([1, x]))).toThrow('found 5');
    });
  });
});
