import fc from 'fast-check';
import { expect, test } from 'vitest';
import { largestMagnitude } from '../../src/kernels/numerics/largestMagnitude.js';
import { magnitudes } from '../interpreter/support/smallKernels.js';
import { device, referenceDevice } from '../support/device.js';
import { expectTwin, expectValues, type Problem, run } from '../support/twins.js';

test('agrees with its twin', async () => {
  await fc.assert(
    fc.asyncProperty(magnitudes, (problem) => expectTwin(problem, 0)),
    { numRuns: 60 },
  );
});

test('finds the largest of any sign, wherever it is, and what is no number', async () => {
  const size = 16384 * 256 + 3; // of three launches, one after the other
  for (const [at, value] of [
    [0, -7],
    [16384, 9],
    [size - 1, -8],
    [77, Number.POSITIVE_INFINITY],
    [78, Number.NaN],
  ]) {
    const values = new Float32Array(size).fill(0.5);
    values[at] = value;
    const problem: Problem = (on) => largestMagnitude(on.upload(values, [size]));
    for (const on of [device, referenceDevice]) expect([...(await run(problem, on))]).toEqual([Math.abs(value)]);
  }
  await expectValues((on) => largestMagnitude(on.zeros([3], 'f16')), [0], 0);
});

test('refuses indices', async () => {
  await expect(run((on) => largestMagnitude(on.zeros([2], 'u32')))).rejects.toThrow('found one of indices');
});
