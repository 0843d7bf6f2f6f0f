import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type RopeTable, rope } from '../../src/kernels/rope/rope.js';
import type { Device } from '../../src/tensor/device.js';
import { expectAllClose } from '../support/allclose.js';
import { device } from '../support/device.js';
import { KERNEL_TOLERANCE } from '../support/tolerance.js';
import { expectTwin, expectValues, normal, randomTensor, run, seeds, sizes } from '../support/twins.js';

type Grid = Omit<RopeTable, 'entries'>;

const grids: fc.Arbitrary<Grid> = fc.record({
  frames: sizes(4),
  gridHeight: sizes(5),
  gridWidth: sizes(5),
  pairs: fc.record({ temporal: sizes(4), height: fc.nat(3), width: fc.nat(3) }),
});

const headDimOf = ({ pairs }: Grid) => 2 * (pairs.temporal + pairs.height + pairs.width);
const tokensOf = ({ frames, gridHeight, gridWidth }: Grid) => frames * gridHeight * gridWidth;

/** Angles position * speed; every pair of every axis has its own speed. `first` moves the three positions. */
function tableOf(on: Device, grid: Grid, first: readonly [number, number, number] = [0, 0, 0]): RopeTable {
  const { frames, gridHeight, gridWidth, pairs } = grid;
  const axes = [
    { count: frames, pairs: pairs.temporal, first: first[0] },
    { count: gridHeight, pairs: pairs.height, first: first[1] },
    { count: gridWidth, pairs: pairs.width, first: first[2] },
  ];
  const entries = axes.flatMap((axis, index) =>
    Array.from({ length: axis.count }, (_, position) =>
      Array.from({ length: axis.pairs }, (_, pair) => {
        const angle = (axis.first + position) * (0.9 - 0.2 * pair - 0.05 * index);
        return [Math.cos(angle), Math.sin(angle)];
      }),
    ).flat(2),
  );
  const values = Float64Array.from(entries.flat());
  return { ...grid, entries: on.upload(values, [values.length / 2, 2]) };
}

/** Rotated tokens of a grid. */
const rotated = (grid: Grid, heads: number, seed: number, first?: readonly [number, number, number]) => (on: Device) =>
  rope(randomTensor(on, seed, [tokensOf(grid), heads * headDimOf(grid)]), tableOf(on, grid, first), heads);

describe('rope', () => {
  test('agrees with its twin', async () => {
    await fc.assert(
      fc.asyncProperty(grids, sizes(3), seeds, (grid, heads, seed) =>
        expectTwin(rotated(grid, heads, seed, [2, 5, 9])),
      ),
    );
  });

  test('turns neighbouring components, and takes frame, row and column in this order', async () => {
    const quarter = [0, 1];
    const still = [1, 0];
    const half = [-1, 0];
    // 2 x 1 x 2 tokens of one head; frame 1 turns pair 0 by a quarter, column 1 turns pair 2 by a half.
    const entries = [still, quarter, still, still, half];
    await expectValues(
      (on) =>
        rope(
          on.upload(
            Float32Array.from({ length: 24 }, (_, index) => index),
            [4, 6],
          ),
          {
            entries: on.upload(Float32Array.from(entries.flat()), [5, 2]),
            ...{ frames: 2, gridHeight: 1, gridWidth: 2, pairs: { temporal: 1, height: 1, width: 1 } },
          },
          1,
        ),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, -10, -11, -13, 12, 14, 15, 16, 17, -19, 18, 20, 21, -22, -23],
      0,
    );
  });

  test('keeps the length of every pair', async () => {
    await fc.assert(
      fc.asyncProperty(grids, sizes(3), seeds, async (grid, heads, seed) => {
        const before = normal(seed, tokensOf(grid) * heads * headDimOf(grid));
        const lengths = (values: ArrayLike<number>) =>
          Array.from({ length: values.length / 2 }, (_, pair) => Math.hypot(values[2 * pair], values[2 * pair + 1]));
        expectAllClose(lengths(await run(rotated(grid, heads, seed, [40, 3, 1]))), lengths(before), KERNEL_TOLERANCE);
      }),
    );
  });

  test('makes scores depend on the relative position only', async () => {
    const one: Grid = { frames: 1, gridHeight: 1, gridWidth: 1, pairs: { temporal: 3, height: 2, width: 2 } };
    const position = fc.tuple(fc.nat(30), fc.nat(30), fc.nat(30));
    await fc.assert(
      fc.asyncProperty(position, position, position, seeds, async (query, key, shift, seed) => {
        const score = async (by: readonly number[]) => {
          const at = ([frame, row, column]: readonly number[]) =>
            [frame + by[0], row + by[1], column + by[2]] as [number, number, number];
          const left = await run(rotated(one, 1, seed, at(query)));
          const right = await run(rotated(one, 1, seed + 1, at(key)));
          return [[...left].reduce((sum, value, index) => sum + value * right[index], 0)];
        };
        expectAllClose(await score(shift), await score([0, 0, 0]), KERNEL_TOLERANCE);
      }),
    );
  });

  test('at position zero is the identity', async () => {
    const grid: Grid = { frames: 1, gridHeight: 1, gridWidth: 1, pairs: { temporal: 3, height: 2, width: 2 } };
    const after = await run(rotated(grid, 2, 11));
    expect([...after]).toEqual([...normal(11, after.length)]);
  });

  test('refuses a table of another grid', () => {
    device.scope(() => {
      const grid: Grid = { frames: 2, gridHeight: 2, gridWidth: 2, pairs: { temporal: 1, height: 1, width: 1 } };
      const table = tableOf(device, grid);
      expect(() => rope(device.zeros([7, 6]), table, 1)).toThrow('rope: x: expected shape [8, 6]');
      expect(() => rope(device.zeros([12, 6]), { ...table, frames: 3 }, 1)).toThrow('the table needs 7 entries');
    });
  });
});
