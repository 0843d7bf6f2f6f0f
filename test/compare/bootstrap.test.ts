import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Bootstrap } from '../../src/compare/bootstrap.js';
import { normalQuantile, normalShare } from '../../src/compare/normal.js';
import { TorchGenerator } from '../../src/tensor/random.js';

const names = (count: number) => Array.from({ length: count }, (_, index) => `pair ${index}`);

/** Share of made samples whose interval holds the mean that they were drawn around. */
function coverage(
  samples: number,
  groups: readonly string[],
  draw: (random: TorchGenerator) => number[],
  mean: number,
) {
  const random = new TorchGenerator(11);
  const bootstrap = new Bootstrap(groups, { resamples: 1000 });
  let held = 0;
  for (let sample = 0; sample < samples; sample++) {
    const { low, high } = bootstrap.mean(draw(random));
    if (low !== null && high !== null && low <= mean && mean <= high) held++;
  }
  return held / samples;
}

describe('intervals', () => {
  // Of 400 samples 95% hold the mean, give or take 1.1%; forty values make a bootstrap a little too sure of itself.
  test('hold the mean of normal values in about 95 of 100 samples', () => {
    const held = coverage(400, names(40), (random) => Array.from(random.randn(40), (value) => 3 + value), 3);
    expect(held).toBeGreaterThan(0.91);
    expect(held).toBeLessThan(0.98);
  });

  test('hold the mean of skewed values, many of them 0', () => {
    const skewed = (random: TorchGenerator) =>
      Array.from(random.randn(80).subarray(0, 40), (value, index) => (index % 2 ? 0 : Math.exp(value)));
    const held = coverage(400, names(40), skewed, Math.exp(0.5) / 2);
    expect(held).toBeGreaterThan(0.88);
    expect(held).toBeLessThan(0.98);
  });

  test('know that values of one group are alike: drawn apart they would be far too narrow', () => {
    const alike = (random: TorchGenerator) => Array.from(random.randn(20)).flatMap((value) => Array(5).fill(value));
    const groups = names(20).flatMap((name) => Array<string>(5).fill(name));
    expect(coverage(300, groups, alike, 0)).toBeGreaterThan(0.88);
    expect(coverage(300, names(100), alike, 0)).toBeLessThan(0.7);
  });

  test('move and scale with the values', () => {
    const value = fc.integer({ min: -500, max: 500 }).map((hundredths) => hundredths / 100);
    const sample = fc.array(value, { minLength: 6, maxLength: 30 });
    fc.assert(
      fc.property(sample, fc.double({ min: 0.1, max: 9, noNaN: true }), value, (values, scale, shift) => {
        const bootstrap = new Bootstrap(names(values.length), { resamples: 200 });
        const { mean, low, high } = bootstrap.mean(values);
        const moved = bootstrap.mean(values.map((each) => scale * each + shift));
        expect(moved.mean).toBeCloseTo(scale * mean + shift, 6);
        if (low === null || high === null || high - low < 1e-6) return;
        expect(moved.low).toBeCloseTo(scale * low + shift, 6);
        expect(moved.high).toBeCloseTo(scale * high + shift, 6);
      }),
      { numRuns: 60 },
    );
  });

  test('are a point where no value differs, and none where there are few groups', () => {
    expect(new Bootstrap(names(6)).mean([2, 2, 2, 2, 2, 2])).toMatchObject({ mean: 2, low: 2, high: 2, error: 0 });
    const few = new Bootstrap(['a', 'a', 'b', 'c', 'd', 'e']);
    expect(few.mean([1, 3, 2, 2, 5, 5])).toEqual({ n: 6, mean: 3, low: null, high: null, error: null });
  });

  test('are the same whenever they are made, and others with another seed', () => {
    const values = [1, 5, 2, 8, 3, 9];
    const made = (seed: number) => new Bootstrap(names(6), { seed }).mean(values);
    expect(made(1)).toEqual(made(1));
    expect(made(1)).not.toEqual(made(2));
  });

  test('have the standard error that the formula gives', () => {
    const values = Array.from(new TorchGenerator(3).randn(64));
    const mean = values.reduce((sum, value) => sum + value, 0) / 64;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 64;
    const { error } = new Bootstrap(names(64), { resamples: 4000 }).mean(values);
    expect(error as number).toBeCloseTo(Math.sqrt(variance / 64), 2);
  });
});

test('shares of the normal distribution are those of the tables, and their inverse finds the way back', () => {
  for (const [x, share] of [
    [0, 0.5],
    [1, 0.8413447],
    [1.959964, 0.975],
    [-2.575829, 0.005],
  ]) {
    expect(normalShare(x)).toBeCloseTo(share, 6);
    expect(normalQuantile(share)).toBeCloseTo(x, 4);
  }
});
