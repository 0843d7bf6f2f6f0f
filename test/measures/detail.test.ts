import { expect, test } from 'vitest';
import { compensatedDifference } from '../../src/measures/blockMatching.js';
import { laplacianVariance } from '../../src/measures/sharpness.js';
import { flat, gray, measure, picture } from './support/pictures.js';

test('the Laplacian of a wave is a wave, of known variance', () => {
  // cos(kx) becomes -(2 - 2 cos k) cos(kx): 100 cos(2 pi x / 8) has the variance (100 (2 - 2 cos k))^2 / 2 over whole periods.
  const [width, height, k] = [66, 20, Math.PI / 4]; // 64 columns inside the border: eight periods
  const luma = Float32Array.from({ length: width * height }, (_, at) => 100 * Math.cos(k * (at % width)));
  expect(laplacianVariance(luma, width, height)).toBeCloseTo((100 * (2 - 2 * Math.cos(k))) ** 2 / 2, 1);
  expect(laplacianVariance(new Float32Array(4), 2, 2)).toBe(null);
});

test('a Gaussian blur takes its known share of sharpness', () => {
  // It multiplies a wave of frequency k by exp(-s^2 k^2 / 2), and so the variance by exp(-s^2 k^2).
  const [k, s] = [Math.PI / 4, 1.2];
  const wave = (share: number) => picture(66, 20, (x) => gray(Math.round(128 + 120 * share * Math.cos(k * x))));
  const [sharp, blurred] = [wave(1), wave(Math.exp(-(s ** 2 * k ** 2) / 2))];
  const found = measure({ width: 66, height: 20 }, (index) => (index < 80 ? sharp : blurred));
  expect(found.series('sharpness').at[1]).toBeCloseTo(1, 6);
  expect(found.series('sharpness').last).toBeCloseTo(Math.exp(-(s ** 2 * k ** 2)), 1.8); // bytes round the waves
});

test('a flicker of a known amplitude is that amplitude, and no motion hides it', () => {
  const found = measure({}, (index) => flat(32, 24, gray(100 + 6 * (index % 2))));
  expect(found.series('flicker').mean).toBeCloseTo(6, 5);
  expect(found.series('motion').mean).toBeCloseTo(6, 5);
});

/** Something with detail of its own everywhere, at any place. */
const texture = (x: number, y: number) =>
  gray(Math.round(128 + 50 * Math.sin(x * 0.7) + 50 * Math.sin(y * 0.9 + x * 0.2)));

test('what moves does not flicker', () => {
  const moving = (dx: number, dy: number) =>
    measure({ frames: 40, width: 48, height: 48 }, (index) =>
      picture(48, 48, (x, y) => {
        const [left, top] = [x - 8 - (index % 10) * dx, y - 8 - (index % 10) * dy];
        return left >= 0 && left < 12 && top >= 0 && top < 12 ? texture(left, top) : gray(40);
      }),
    );
  for (const found of [moving(2, 0), moving(0, 1), moving(1, 2)]) {
    const { flicker, motion } = found.measures;
    expect(motion.mean).toBeGreaterThan(1.5);
    expect(flicker.mean).toBeLessThan(0.2 * (motion.mean as number)); // the jump back after ten frames is none to follow
  }
});

test('a block follows whole and half pixels, and noise is not taken for motion', () => {
  const luma = (shift: number) =>
    Float32Array.from({ length: 32 * 32 }, (_, at) => 128 + 80 * Math.sin(0.4 * ((at % 32) + shift)));
  const inner = (shift: number) => compensatedDifference(luma(shift), luma(0), 32, 32);
  expect(inner(0)).toBe(0);
  const plain = (shift: number) =>
    luma(shift).reduce((sum, value, at) => sum + Math.abs(value - luma(0)[at]), 0) / 1024;
  // At the border a fourth of the blocks cannot look outside.
  expect(inner(1)).toBeLessThan(0.3 * plain(1));
  expect(inner(0.5)).toBeLessThan(0.35 * plain(0.5));
  let state = 1;
  const noise = () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647 - 0.5;
  };
  const [left, right] = [0, 1].map(() => Float32Array.from({ length: 1024 }, () => 128 + 10 * noise()));
  const difference = left.reduce((sum, value, at) => sum + Math.abs(value - right[at]), 0) / 1024;
  expect(compensatedDifference(left, right, 32, 32)).toBeGreaterThan(0.9 * difference);
});
