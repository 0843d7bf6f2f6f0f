import fc from 'fast-check';
import { expect, test } from 'vitest';
import { firstIndex, firstNotFinite } from '../../src/kernels/numerics/firstNotFinite.js';
import { openDevice } from '../../src/node/openDevice.js';
import { notFinites } from '../interpreter/support/smallKernels.js';
import { referenceDevice } from '../support/device.js';
import { expectTwin, expectValues, type Problem, run, seeds, sizes } from '../support/twins.js';

test('agrees with its twin', async () => {
  await fc.assert(
    fc.asyncProperty(notFinites, (problem) => expectTwin(problem, 0)),
    { numRuns: 100 },
  );
});

const INFINITE = 0x7c00; // of f16

test('says where in each run of 256 words', async () => {
  const values = new Float32Array(600).fill(3e38);
  values[299] = Number.NaN;
  values[258] = Number.POSITIVE_INFINITY;
  await expectValues((on) => firstNotFinite(on.upload(values, [1, 600])), [-1, 2, -1], 0);
  const halves = new Uint16Array(515).fill(INFINITE - 1); // the largest number
  halves[514] = 0x8000 | INFINITE; // alone in its word
  await expectValues((on) => firstNotFinite(on.upload(halves, [515], 'f16')), [-1, 2], 0);
});

test('the first of a tensor is found again from that', async () => {
  const problems = fc.record({ rows: sizes(4), width: sizes(900), at: fc.nat(), isHalf: fc.boolean(), seed: seeds });
  await fc.assert(
    fc.asyncProperty(problems, async ({ rows, width, at, isHalf }) => {
      const size = rows * width;
      const bits = isHalf ? new Uint16Array(size) : new Float32Array(size);
      bits.fill(isHalf ? INFINITE : Number.NaN, at % size);
      const x = referenceDevice.upload(bits, [rows, width], isHalf ? 'f16' : 'f32');
      expect(firstIndex(x, await referenceDevice.read(firstNotFinite(x)))).toBe(at % size);
    }),
    { numRuns: 60 },
  );
  const x = referenceDevice.zeros([3, 4]);
  expect(firstIndex(x, await referenceDevice.read(firstNotFinite(x)))).toBeUndefined();
});

test('gives the same where a launch is cut, and refuses indices', async () => {
  const large: Problem = (on) => {
    const values = new Float32Array(3000 * 64);
    values[123_456] = Number.NaN;
    return firstNotFinite(on.upload(values, [3000, 64]));
  };
  const small = await openDevice({ maxBindingBytes: 2 ** 17 });
  expect(await run(large, small)).toEqual(await run(large));
  small.close();
  await expect(run((on) => firstNotFinite(on.zeros([2], 'u32')))).rejects.toThrow('found one of indices');
});
