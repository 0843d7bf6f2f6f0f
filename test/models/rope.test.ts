import { describe, expect, test } from 'vitest';
import { rope } from '../../src/kernels/rope/rope.js';
import { ropeAngles, ropePairs, ropeTable } from '../../src/models/wan/rope.js';
import { expectAllClose } from '../support/allclose.js';
import { device, referenceDevice } from '../support/device.js';
import { KERNEL_TOLERANCE } from '../support/tolerance.js';
import { normal } from '../support/twins.js';

describe('pairs', () => {
  test.each([
    { headDim: 128, expected: { temporal: 22, height: 21, width: 21 } }, // Wan2.1
    { headDim: 32, expected: { temporal: 6, height: 5, width: 5 } },
    { headDim: 12, expected: { temporal: 2, height: 2, width: 2 } },
    { headDim: 2, expected: { temporal: 1, height: 0, width: 0 } },
  ])('a head of $headDim', ({ headDim, expected }) => {
    expect(ropePairs(headDim)).toEqual(expected);
  });

  test('always share out the whole head, time getting the rest', () => {
    for (let pairs = 1; pairs <= 128; pairs++) {
      const { temporal, height, width } = ropePairs(2 * pairs);
      expect(temporal + height + width).toBe(pairs);
      expect(height).toBe(width);
      expect(temporal - height).toBeLessThanOrEqual(2);
    }
  });
});

test('each axis has a series of its own, from 1 down to near 1/10000', () => {
  expect(ropeAngles(3, 1)).toEqual([3]);
  expect(ropeAngles(1, 2)).toEqual([1, 0.01]);
  expect(ropeAngles(7, 4)).toEqual([7, 0.7000000000000001, 0.07, 0.007]);
  expect(ropeAngles(0, 3)).toEqual([0, 0, 0]);
});

describe('a table', () => {
  const grid = { gridHeight: 3, gridWidth: 5, headDim: 12 };

  test('holds frames, rows and columns, cosine and sine of each', async () => {
    const { entries, pairs, ...shape } = ropeTable(referenceDevice, { ...grid, startFrame: 4, frames: 2 });
    expect(shape).toEqual({ frames: 2, gridHeight: 3, gridWidth: 5 });
    const values = await referenceDevice.read(entries);
    const angles = [4, 0.04, 5, 0.05, 0, 0, 1, 0.01, 2, 0.02, 0, 0, 1, 0.01, 2, 0.02, 3, 0.03, 4, 0.04];
    expect(pairs).toEqual({ temporal: 2, height: 2, width: 2 });
    expectAllClose(
      values,
      angles.flatMap((angle) => [Math.cos(angle), Math.sin(angle)]),
      1e-15,
      'entries',
    );
  });

  test.each([5000, 1_000_000])('frame %i is no different: angles are exact past any table', async (startFrame) => {
    const { entries } = ropeTable(device, { ...grid, startFrame, frames: 1 });
    const values = await device.read(entries);
    expectAllClose(
      Array.from(values).slice(0, 4),
      [startFrame, startFrame / 100].flatMap((angle) => [Math.cos(angle), Math.sin(angle)]),
      1e-7, // float32 rounding of numbers up to 1; an angle in float32 would be off by 1e-4 and more
      'entries',
    );
    entries.dispose();
  });

  test('scores depend on the distance of frames, not on where they are', async () => {
    const score = async (queryFrame: number, keyFrame: number) => {
      const dot = (left: ArrayLike<number>, right: ArrayLike<number>) =>
        Array.from(left).reduce((sum, value, index) => sum + value * right[index], 0);
      const turned = (seed: number, startFrame: number) => {
        const x = device.upload(normal(seed, 15 * 24), [15, 24]);
        return device.read(rope(x, ropeTable(device, { ...grid, startFrame, frames: 1 }), 2));
      };
      return dot(await turned(1, queryFrame), await turned(2, keyFrame));
    };
    const near = await score(4, 1);
    expect(Math.abs((await score(5004, 5001)) - near)).toBeLessThan(360 * KERNEL_TOLERANCE);
    expect(Math.abs((await score(4, 2)) - near)).toBeGreaterThan(0.1);
  });
});
