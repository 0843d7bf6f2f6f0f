import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { add } from '../../src/kernels/elementwise/elementwise.js';
import { updateSum } from '../../src/kernels/elementwise/updateSum.js';
import { expectTwin, expectValues, type Problem, randomTensor, run, seeds, sizes } from '../support/twins.js';

const shapes = fc.record({ rows: sizes(40), width: sizes(33), seed: seeds });

const added =
  (rows: number, width: number, seed: number): Problem =>
  (on) => {
    const sum = randomTensor(on, seed, [rows, width]);
    updateSum(sum, randomTensor(on, seed + 1, [rows, width]));
    return sum;
  };

describe('updateSum', () => {
  test('agrees with its twin', async () => {
    await fc.assert(
      fc.asyncProperty(shapes, ({ rows, width, seed }) => expectTwin(added(rows, width, seed))),
      { numRuns: 50 },
    );
  });

  test('gives the bits of a sum in a tensor of its own', async () => {
    await fc.assert(
      fc.asyncProperty(shapes, async ({ rows, width, seed }) => {
        const apart: Problem = (on) =>
          add(randomTensor(on, seed, [rows, width]), randomTensor(on, seed + 1, [rows, width]));
        expect(await run(added(rows, width, seed))).toEqual(await run(apart));
      }),
      { numRuns: 20 },
    );
  });

  test('changes the sum and nothing else', async () => {
    const pinned: Problem = (on) => {
      const [sum, x] = [on.upload(Float32Array.of(1, 2), [2]), on.upload(Float32Array.of(10, -20), [2])];
      updateSum(sum, x);
      updateSum(sum, x);
      return sum;
    };
    await expectValues(pinned, [21, -38], 0);
  });

  test('refuses other shapes, and the tensor itself', async () => {
    const itself: Problem = (on) => {
      const sum = on.zeros([2, 2]);
      updateSum(sum, sum.reshape(2, 2));
      return sum;
    };
    await expect(run(itself)).rejects.toThrow('cannot be added to itself');
    const other: Problem = (on) => {
      updateSum(on.zeros([2, 2]), on.zeros([4]));
      return on.zeros([1]);
    };
    await expect(run(other)).rejects.toThrow('updateSum: x: expected shape [2, 2], found [4]');
  });
});
