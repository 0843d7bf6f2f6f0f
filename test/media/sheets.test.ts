import fc from 'fast-check';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { encodeSheet } from '../../src/media/sheets.js';
import type { TracedPicture } from '../../src/trace/traceSink.js';

/** A picture whose pixels are a colour that its number tells, but for a corner with others. */
function picture(width: number, height: number, index: number): TracedPicture {
  const rgba = new Uint8Array(4 * width * height);
  for (let pixel = 0; pixel < width * height; pixel++) {
    rgba.set([(index * 67) % 256, (index * 29 + 80) % 256, pixel === 0 ? 255 : (index * 151) % 256, 255], 4 * pixel);
  }
  return { width, height, rgba };
}

const decoded = async (bytes: Uint8Array) => sharp(bytes).removeAlpha().raw().toBuffer({ resolveWithObject: true });

test('small pictures come back as they were, each in its place', async () => {
  const problem = fc.record({
    width: fc.integer({ min: 1, max: 64 }),
    height: fc.integer({ min: 1, max: 64 }),
    count: fc.integer({ min: 1, max: 40 }),
  });
  await fc.assert(
    fc.asyncProperty(problem, async ({ width, height, count }) => {
      const pictures = Array.from({ length: count }, (_, index) => picture(width, height, index));
      const { bytes, ...sheet } = await encodeSheet(pictures);
      expect(sheet).toMatchObject({ count, width, height });
      const { data, info } = await decoded(bytes);
      expect(info.width).toBe(sheet.columns * width);
      expect(info.height).toBe(Math.ceil(count / sheet.columns) * height);
      for (const [index, { rgba }] of pictures.entries()) {
        const [left, top] = [(index % sheet.columns) * width, Math.floor(index / sheet.columns) * height];
        for (let y = 0; y < height; y++)
          for (let x = 0; x < width; x++) {
            const at = 3 * ((top + y) * info.width + left + x);
            const from = 4 * (y * width + x);
            if (data[at] !== rgba[from] || data[at + 1] !== rgba[from + 1] || data[at + 2] !== rgba[from + 2])
              throw new Error(`picture ${index} differs at ${x}, ${y}`);
          }
      }
    }),
    { numRuns: 30 },
  );
});

test('large ones are made smaller, and look the same', async () => {
  const problem = fc.record({
    width: fc.integer({ min: 65, max: 500 }),
    height: fc.integer({ min: 65, max: 500 }),
    count: fc.integer({ min: 1, max: 5 }),
    most: fc.integer({ min: 65, max: 300 }),
  });
  await fc.assert(
    fc.asyncProperty(problem, async ({ width, height, count, most }) => {
      const pictures = Array.from({ length: count }, (_, index) => picture(width, height, index));
      const { bytes, ...sheet } = await encodeSheet(pictures, most);
      expect(Math.max(sheet.width, sheet.height)).toBe(Math.min(most, Math.max(width, height)));
      const scale = Math.min(1, most / Math.max(width, height));
      expect(Math.abs(sheet.width - width * scale)).toBeLessThanOrEqual(0.5);
      expect(Math.abs(sheet.height - height * scale)).toBeLessThanOrEqual(0.5);
      const { data, info } = await decoded(bytes);
      for (const [index, { rgba }] of pictures.entries()) {
        const x = (index % sheet.columns) * sheet.width + Math.floor(sheet.width / 2);
        const y = Math.floor(index / sheet.columns) * sheet.height + Math.floor(sheet.height / 2);
        const at = 3 * (y * info.width + x);
        const last = rgba.length - 4;
        // Measured: 1 of 255. 8 leaves room for another encoder; pictures that changed places differ by 29 and more.
        for (let channel = 0; channel < 3; channel++)
          expect(Math.abs(data[at + channel] - rgba[last + channel])).toBeLessThanOrEqual(8);
      }
    }),
    { numRuns: 15 },
  );
});

test('no side is longer than WebP has room for', async () => {
  const wide = Array.from({ length: 300 }, (_, index) => picture(64, 1, index));
  const { bytes, columns } = await encodeSheet(wide);
  expect(64 * columns).toBeLessThanOrEqual(16383);
  expect((await decoded(bytes)).info.width).toBe(64 * columns);
  const tall = Array.from({ length: 20 }, (_, index) => picture(1, 2000, index));
  const sheet = await encodeSheet(tall, 2000);
  expect(Math.ceil(20 / sheet.columns) * 2000).toBeLessThanOrEqual(16383);
});

test('what is no sheet is refused', async () => {
  await expect(encodeSheet([])).rejects.toThrow('at least one picture');
  await expect(encodeSheet([picture(2, 2, 0), picture(2, 3, 1)])).rejects.toThrow(
    'expected 2x2 in 16 bytes, found picture 1 of 2x3',
  );
});
