import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gatherQuantizedRows, updateQuantizedRows } from '../../src/kernels/rows/quantizedRows.js';
import { quantizedWords } from '../../src/kernels/rows/quantizedWords.js';
import type { Device } from '../../src/tensor/device.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { device, referenceDevice } from '../support/device.js';
import { floatTypes, typedTensor } from '../support/packed.js';
import { expectTwin, expectValues, normal, run, seeds, sizes } from '../support/twins.js';

const indices = (on: Device, rows: readonly number[]) => on.upload(Uint32Array.from(rows), [rows.length]);

/** Distinct rows of a table, with values from the smallest that have a scale to the largest that f16 holds. */
const problems = sizes(40).chain((capacity) =>
  fc.record({
    capacity: fc.constant(capacity),
    rows: fc.shuffledSubarray([...Array(capacity).keys()], { minLength: 1 }),
    heads: sizes(5),
    headDim: fc.constantFrom(4, 12, 128, 300),
    type: floatTypes,
    scale: fc.constantFrom(1, 1e-3, 1e4, 0),
    seed: seeds,
  }),
);
type Drawn = typeof problems extends fc.Arbitrary<infer Value> ? Value : never;

/** A table in which some rows were written; `values` in the place of those drawn. */
function written(on: Device, drawn: Drawn, values?: Float32Array): Tensor {
  const { capacity, rows, heads, headDim, type, scale, seed } = drawn;
  const width = heads * headDim;
  const cache = on.zeros([capacity, quantizedWords(width, heads)], 'u32');
  const x = values ?? normal(seed, rows.length * width, scale);
  updateQuantizedRows(cache, indices(on, rows), typedTensor(on, x, [rows.length, width], type), heads);
  return cache;
}

describe('updateQuantizedRows', () => {
  test('writes the words that its twin writes, and leaves the other rows alone', async () => {
    await fc.assert(
      fc.asyncProperty(problems, async (drawn) => {
        const words = async (on: Device) => {
          const cache = on.scope(() => written(on, drawn));
          const found = await on.readIndices(cache);
          cache.dispose();
          return found;
        };
        expect(await words(device)).toEqual(await words(referenceDevice));
      }),
    );
  });

  test('is off by half a step at most, a step being the largest value of its head over 127', async () => {
    await fc.assert(
      fc.asyncProperty(problems, async (drawn) => {
        const { rows, heads, headDim, seed } = drawn;
        const [width, values] = [heads * headDim, normal(seed, rows.length * heads * headDim)];
        const f32 = { ...drawn, type: 'f32' as const };
        const back = await run((on) => gatherQuantizedRows(written(on, f32, values), indices(on, rows), width, heads));
        for (let from = 0; from < values.length; from += headDim) {
          const head = values.subarray(from, from + headDim);
          const step = Math.max(...head.map(Math.abs)) / 127;
          const worst = Math.max(...head.map((value, d) => Math.abs(back[from + d] - value)));
          expect(worst).toBeLessThanOrEqual(step * 0.50002); // a scale is rounded up by 2^-15 of itself at most
        }
      }),
      { numRuns: 30 },
    );
  });

  test('rounds halves away from zero, and makes zeros of next to nothing', async () => {
    // 127 steps of 2: 2.5 and 3.5 steps are 5 and 7, which go to 6 and 8; the second head has no scale.
    await expectValues(
      (on) => {
        const cache = on.zeros([2, quantizedWords(8, 2)], 'u32');
        const x = on.upload(Float32Array.of(254, 5, -7, 0.99, 1e-31, 0, -1e-32, 0), [1, 8]);
        updateQuantizedRows(cache, indices(on, [1]), x, 2);
        return gatherQuantizedRows(cache, indices(on, [1, 0]), 8, 2);
      },
      [254, 6, -8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
      0,
    );
  });

  test('refuses what does not fit', () => {
    device.scope(() => {
      const [x, rows] = [device.zeros([1, 12]), indices(device, [0, 1])];
      const cache = device.zeros([4, quantizedWords(12, 1)], 'u32');
      expect(() => updateQuantizedRows(cache, rows, x, 1)).toThrow('x has 1 rows, 2 are needed');
      expect(() => updateQuantizedRows(cache, rows, x, 2)).toThrow('12 columns in 2 heads: use f16');
      expect(() => updateQuantizedRows(cache, rows, device.zeros([2, 24]), 1)).toThrow('cache: expected shape [?, 8]');
    });
  });
});

describe('gatherQuantizedRows', () => {
  test('agrees with its twin to the bit, rows repeated or not', async () => {
    await fc.assert(
      fc.asyncProperty(problems, (drawn) => {
        const { rows, heads, headDim } = drawn;
        return expectTwin(
          (on) => gatherQuantizedRows(written(on, drawn), indices(on, [...rows, rows[0]]), heads * headDim, heads),
          0,
        );
      }),
    );
  });
});
