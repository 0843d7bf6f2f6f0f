import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rgbaToI420 } from '../../src/media/color.js';
import { flatFrame } from './support/clips.js';
import { i420ToRgb } from './support/i420.js';

const channel = fc.integer({ min: 0, max: 255 });
const picture = fc
  .record({ width: fc.integer({ min: 1, max: 9 }), height: fc.integer({ min: 1, max: 9 }) })
  .map(({ width, height }) => ({ width: 2 * width, height: 2 * height }))
  .chain(({ width, height }) =>
    fc
      .uint8Array({ minLength: width * height * 4, maxLength: width * height * 4 })
      .map((rgba) => ({ width, height, rgba })),
  );

test('agrees with the formula of BT.709 in float', () => {
  fc.assert(
    fc.property(picture, ({ width, height, rgba }) => {
      const planes = rgbaToI420(rgba, width, height);
      const at = (row: number, column: number) => {
        const [red, green, blue] = rgba.subarray((row * width + column) * 4).map((value) => value);
        const luma = (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;
        return { luma, cb: (blue / 255 - luma) / 1.8556, cr: (red / 255 - luma) / 1.5748 };
      };
      const mean = (row: number, column: number, name: 'cb' | 'cr') =>
        (at(row, column)[name] +
          at(row, column + 1)[name] +
          at(row + 1, column)[name] +
          at(row + 1, column + 1)[name]) /
        4;

      // Rounding to a byte is 0.5; 1e-9 is for ties that the two orders of summing round differently. A wrong
      // coefficient (BT.601: up to 20 steps) or full range (16 steps) is far outside.
      const tolerance = 0.5 + 1e-9;
      for (let row = 0; row < height; row++) {
        for (let column = 0; column < width; column++) {
          const expected = 16 + 219 * at(row, column).luma;
          expect(Math.abs(planes[row * width + column] - expected)).toBeLessThanOrEqual(tolerance);
        }
      }
      for (let row = 0; row < height; row += 2) {
        for (let column = 0; column < width; column += 2) {
          const chroma = width * height + (row / 2) * (width / 2) + column / 2;
          const cb = 128 + 224 * mean(row, column, 'cb');
          const cr = 128 + 224 * mean(row, column, 'cr');
          expect(Math.abs(planes[chroma] - cb)).toBeLessThanOrEqual(tolerance);
          expect(Math.abs(planes[chroma + (width * height) / 4] - cr)).toBeLessThanOrEqual(tolerance);
        }
      }
    }),
    { numRuns: 100 },
  );
});

test('a colour comes back within two steps', () => {
  fc.assert(
    fc.property(channel, channel, channel, (red, green, blue) => {
      const back = i420ToRgb(rgbaToI420(flatFrame([red, green, blue], 2, 2).rgba, 2, 2), 2, 2);
      // Half a step of Y and of Cb is 0.58 + 1.06 steps of blue at most, 1.48 of red. Rounded to bytes: 2.
      for (const [at, expected] of [red, green, blue].entries()) {
        expect(Math.abs(Math.round(back[at]) - expected)).toBeLessThanOrEqual(2);
      }
    }),
    { numRuns: 500 },
  );
});

test.each([
  ['black', [0, 0, 0], [16, 128, 128]],
  ['white', [255, 255, 255], [235, 128, 128]],
  ['red', [255, 0, 0], [63, 102, 240]],
  ['green', [0, 255, 0], [173, 42, 26]],
  ['blue', [0, 0, 255], [32, 240, 118]],
] as const)('%s has the bytes of the standard', (_name, color, [luma, cb, cr]) => {
  expect([...rgbaToI420(flatFrame(color, 2, 2).rgba, 2, 2)]).toEqual([luma, luma, luma, luma, cb, cr]);
});
