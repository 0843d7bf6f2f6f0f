import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toPixels } from '../../src/kernels/layout/toPixels.js';
import type { Device } from '../../src/tensor/device.js';
import { device, referenceDevice } from '../support/device.js';
import { normal, seeds, sizes } from '../support/twins.js';

/** The bytes r, g, b, a of every pixel. */
async function bytesOf(on: Device, values: Float32Array, shape: readonly number[]): Promise<Uint8Array> {
  const pixels = on.scope(() => toPixels(on.upload(values, shape)));
  const words = await on.readIndices(pixels);
  pixels.dispose();
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}

describe('toPixels', () => {
  test('agrees with its twin', async () => {
    const problems = fc.record({ frames: sizes(3), height: sizes(12), width: sizes(12), seed: seeds });
    await fc.assert(
      fc.asyncProperty(problems, async ({ frames, height, width, seed }) => {
        const shape = [frames, height, width, 3];
        const values = normal(seed, frames * height * width * 3);
        const actual = await bytesOf(device, values, shape);
        const expected = await bytesOf(referenceDevice, values, shape);
        expect(actual.length).toBe(expected.length);
        expected.forEach((byte, index) => {
          const value = Math.min(Math.max(values[index - (index >> 2)] * 0.5 + 0.5, 0), 1) * 255;
          // Float32 may fall on either side of a step between two bytes, and nowhere else.
          const isAtStep = index % 4 < 3 && Math.abs(value - Math.round(value)) < 1e-4;
          expect(Math.abs(actual[index] - byte)).toBeLessThanOrEqual(isAtStep ? 1 : 0);
        });
      }),
      { numRuns: 100 },
    );
  });

  test('leaves nothing of a pixel that is not made of numbers', async () => {
    const values = Float32Array.of(
      0,
      Number.NaN,
      0,
      1,
      1,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      0,
      0,
      3e38,
      0,
      0,
    );
    const expected = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 127, 127, 255];
    for (const on of [device, referenceDevice])
      expect([...(await bytesOf(on, values, [1, 1, 4, 3]))]).toEqual(expected);
  });

  test('clamps, cuts fractions off and packs red first', async () => {
    const values = Float32Array.of(-1, 0, 1, -7, 7, 0.5, -0.999, 0.999, 0.25);
    const expected = [0, 127, 255, 255, 0, 255, 191, 255, 0, 254, 159, 255];
    expect([...(await bytesOf(device, values, [1, 1, 3, 3]))]).toEqual(expected);
    expect([...(await bytesOf(referenceDevice, values, [1, 1, 3, 3]))]).toEqual(expected);
  });
});
