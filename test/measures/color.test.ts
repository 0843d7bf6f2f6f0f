import { converter } from 'culori';
import { expect, test } from 'vitest';
import { ciede2000 } from '../../src/measures/colorDifference.js';
import { labStatistics } from '../../src/measures/labStatistics.js';
import { expectAllClose } from '../support/allclose.js';
import { LAB_TOLERANCE, MEASURE_TOLERANCE } from '../support/tolerance.js';
import { flat, gray, measure, picture } from './support/pictures.js';

// L* of grey level v: 116 cbrt(((v / 255 + 0.055) / 1.055) ** 2.4) - 16.
const LIGHTNESS = { 100: 42.3746, 119: 50.0344, 138: 57.4778, 150: 62.0822 };

test('CIEDE2000 is that of the pairs which Sharma, Wu and Dalal published', () => {
  const pairs = [
    [50, 2.6772, -79.7751, 50, 0, -82.7485, 2.0425],
    [50, 2.49, -0.001, 50, -2.49, 0.0011, 7.2195],
    [60.2574, -34.0099, 36.2677, 60.4626, -34.1751, 39.4387, 1.2644],
    [2.0776, 0.0795, -1.135, 0.9033, -0.0636, -0.5514, 0.9082],
  ];
  for (const [l, a, b, l2, a2, b2, expected] of pairs) {
    expect(ciede2000({ l, a, b }, { l: l2, a: a2, b: b2 })).toBeCloseTo(expected, 4);
  }
});

test('the table of CIELAB is as the library has it', () => {
  const toLab = converter('lab65');
  for (let step = 0; step < 512; step++) {
    const color = [step * 67, step * 29 + 1, step * 151 + 2].map((value) => value % 256) as [number, number, number];
    const [r, g, b] = color.map((value) => value / 255);
    const { mean } = labStatistics(flat(1, 1, color));
    const expected = toLab({ mode: 'rgb', r, g, b });
    expectAllClose([mean.l, mean.a, mean.b], [expected.l, expected.a, expected.b], LAB_TOLERANCE, `rgb ${color}`);
  }
});

test('a fade of grey has its known exposure and CIEDE2000', () => {
  // Equal greys have no chroma: CIEDE2000 is dL / S_L, S_L = 1 + 0.015 (L - 50)^2 / sqrt(20 + (L - 50)^2), L their mean.
  const difference = LIGHTNESS[150] - LIGHTNESS[100];
  const off = (LIGHTNESS[150] + LIGHTNESS[100]) / 2 - 50;
  const expected = difference / (1 + (0.015 * off ** 2) / Math.sqrt(20 + off ** 2));
  const found = measure({}, (index) => flat(32, 24, gray(index < 80 ? 100 : 150)));
  expect(found.times).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(found.series('exposure').at).toEqual({ 1: 0, 5: 0, 10: expect.closeTo(difference, 2) });
  expect(found.series('colorDifference').at).toEqual({ 1: 0, 5: 0, 10: expect.closeTo(expected, 2) });
  expect(found.series('colorHistogram').last).toBeCloseTo(difference, 2); // of flat colours: their distance
  expect(found.series('exposure').drift).toBeCloseTo(difference, 2);
});

test('colours that change places change neither mean nor histogram', () => {
  const halves = (isSwapped: boolean) => picture(32, 24, (x) => (x < 16 !== isSwapped ? [200, 30, 30] : [30, 30, 200]));
  const found = measure({}, (index) => halves(index >= 80));
  expect(found.series('colorDifference').last).toBeLessThan(MEASURE_TOLERANCE);
  expect(found.series('colorHistogram').last).toBeLessThan(MEASURE_TOLERANCE);
});

test('a histogram sees colours that spread around the same mean, by how far on average', () => {
  // Half of the pixels go from L* 50 up and half down by the same; levels of 100 and 138.
  const spread = (LIGHTNESS[138] - LIGHTNESS[100]) / 2;
  const found = measure({}, (index) => picture(32, 24, (x) => gray(index < 80 ? 119 : x % 2 ? 138 : 100)));
  expect(found.series('colorHistogram').last).toBeCloseTo(spread, 1); // bins are a unit wide
  expect(found.series('exposure').last).toBeCloseTo((LIGHTNESS[138] + LIGHTNESS[100]) / 2 - LIGHTNESS[119], 2);
});

test('contrast is the spread of lightness against that of the first seconds', () => {
  const stripes = (dark: number, bright: number) => picture(32, 24, (x) => gray(x % 2 ? bright : dark));
  const found = measure({}, (index) => (index < 80 ? stripes(100, 150) : stripes(100, 119)));
  const expected = (LIGHTNESS[119] - LIGHTNESS[100]) / (LIGHTNESS[150] - LIGHTNESS[100]);
  expect(found.series('contrast').at[1]).toBeCloseTo(1, 6);
  expect(found.series('contrast').last).toBeCloseTo(expected, 4);
  expect(measure({}, () => flat(32, 24, gray(9))).series('contrast').last).toBe(null); // of nothing there is no multiple
});
