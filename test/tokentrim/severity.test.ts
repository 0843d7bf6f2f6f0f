import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RunningStatistics, severity, unstableTokens } from '../../src/tokentrim/severity.js';
import { drifts } from '../support/arbitraries.js';

const fractions = fc.double({ min: 0.001, max: 1, noNaN: true });

describe('unstable tokens', () => {
  test('are as many as ceil(p * N), the ones that moved most', () => {
    fc.assert(
      fc.property(drifts, fractions, (drift, fraction) => {
        const unstable = unstableTokens(drift, fraction);
        const rest = drift.map((_, token) => token).filter((token) => !unstable.includes(token));
        const exact = fraction * drift.length;
        expect(unstable.length).toBeGreaterThanOrEqual(exact - 1e-6);
        expect(unstable.length).toBeLessThan(exact + 1);
        expect(unstable).toEqual([...new Set(unstable)].sort((left, right) => left - right));
        for (const token of unstable) {
          for (const other of rest) {
            expect(drift[token]).toBeGreaterThanOrEqual(drift[other]);
            // Of two that moved equally the smaller index is the unstable one.
            if (drift[token] === drift[other]) expect(token).toBeLessThan(other);
          }
        }
      }),
    );
  });

  test.each([
    { tokens: 1560, fraction: 0.1, count: 156 },
    { tokens: 15, fraction: 0.1, count: 2 },
    { tokens: 12, fraction: 0.25, count: 3 },
    { tokens: 12, fraction: 0.2, count: 3 },
    { tokens: 100, fraction: 0.07, count: 7 }, // 0.07 * 100 is 7.000000000000001
    { tokens: 3, fraction: 0.001, count: 1 },
    { tokens: 3, fraction: 1e-12, count: 1 },
    { tokens: 3, fraction: 1, count: 3 },
  ])('$fraction of $tokens is $count', ({ tokens, fraction, count }) => {
    expect(unstableTokens(new Float32Array(tokens), fraction)).toEqual(Array.from({ length: count }, (_, i) => i));
  });

  test('ties', () => {
    expect(unstableTokens([1, 5, 5, 0, 5], 0.4)).toEqual([1, 2]);
    expect(unstableTokens([5, 1, 5, 5], 0.5)).toEqual([0, 2]);
  });
});

test('severity is the mean drift of the unstable tokens alone', () => {
  expect(severity([1, 10, 2, 20], [1, 3])).toBe(15);
  expect(severity([7], [0])).toBe(7);
});

describe('statistics', () => {
  test('are the mean and the population deviation of what was added', () => {
    const severities = fc.array(fc.double({ min: 0, max: 100, noNaN: true }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(severities, (values) => {
        const statistics = new RunningStatistics();
        for (const value of values) statistics.add(value);
        const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
        const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
        expect(statistics.count).toBe(values.length);
        expect(Math.abs(statistics.mean - mean)).toBeLessThan(1e-9);
        expect(Math.abs(statistics.std ** 2 - variance)).toBeLessThan(1e-9);
      }),
    );
  });

  test('divide by the count, not by one less', () => {
    const statistics = new RunningStatistics();
    statistics.add(1);
    expect([statistics.mean, statistics.std]).toEqual([1, 0]);
    statistics.add(3);
    expect([statistics.mean, statistics.std]).toEqual([2, 1]);
  });

  test('of equal values are exact, so that an equal severity is not abnormal', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 100, noNaN: true }), fc.integer({ min: 1, max: 30 }), (value, count) => {
        const statistics = new RunningStatistics();
        for (let index = 0; index < count; index++) statistics.add(value);
        expect(statistics.mean).toBe(value);
        expect(statistics.std).toBe(0);
      }),
    );
  });

  test('before anything was added', () => {
    const { count, mean, std } = new RunningStatistics();
    expect([count, mean, std]).toEqual([0, 0, 0]);
  });
});
