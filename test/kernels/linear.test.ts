import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { linear } from '../../src/kernels/linear.js';
import { subgroupSize, type Variant } from '../../src/kernels/variant.js';
import type { Device } from '../../src/tensor/device.js';
import { device } from '../support/device.js';
import { floatTypes, typedTensor } from '../support/packed.js';
import { expectTwin, expectValues, normal, type Problem, randomTensor, run, seeds, sizes } from '../support/twins.js';

/** Sizes that every form of the kernel handles: multiples of 4. */
const fours = (max: number) => sizes(max / 4).map((size) => 4 * size);

const anyProblem = {
  rows: sizes(70),
  inFeatures: sizes(150),
  outFeatures: sizes(70),
  dtype: floatTypes,
  hasBias: fc.boolean(),
  seed: seeds,
};
const anySize = fc.record(anyProblem);
// Each type and bias compiles anew, which takes seconds here: two of the six.
const tileable = fc
  .record({ ...anyProblem, inFeatures: fours(152) })
  .map((drawn) => ({ ...drawn, dtype: drawn.hasBias ? ('bf16' as const) : ('f32' as const) }));
const inFours = fc.record({ ...anyProblem, inFeatures: fours(152), outFeatures: fours(72) });
type LinearProblem = typeof anySize extends fc.Arbitrary<infer Value> ? Value : never;

/** The forms that the adapter has, each with what it handles. */
const forms: [Variant, fc.Arbitrary<LinearProblem>][] = [
  ['plain', anySize],
  ['tiled', tileable],
];
if (subgroupSize(device) > 0) forms.push(['subgroup', inFours]);

function weightOf(on: Device, { seed, inFeatures, outFeatures, dtype }: LinearProblem, widened = false) {
  const values = normal(seed + 1, inFeatures * outFeatures, inFeatures ** -0.5);
  return typedTensor(on, values, [outFeatures, inFeatures], dtype, widened);
}

const problem =
  (drawn: LinearProblem, variant: Variant, widened = false): Problem =>
  (on) =>
    linear(
      randomTensor(on, drawn.seed, [drawn.rows, drawn.inFeatures]),
      weightOf(on, drawn, widened),
      drawn.hasBias ? randomTensor(on, drawn.seed + 2, [drawn.outFeatures]) : undefined,
      variant,
    );

describe.each(forms)('linear, %s', (variant, problems) => {
  test('agrees with its twin', async () => {
    await fc.assert(
      fc.asyncProperty(problems, (drawn) => expectTwin(problem(drawn, variant))),
      { numRuns: 200 },
    );
  });

  test('reads packed 16-bit weights exactly: the result is that of the same values in f32', async () => {
    await fc.assert(
      fc.asyncProperty(problems, async (drawn) => {
        expect(await run(problem(drawn, variant))).toEqual(await run(problem(drawn, variant, true)));
      }),
      { numRuns: 50 },
    );
  });

  test('gives a row the same result whatever rows stand beside it', async () => {
    await fc.assert(
      fc.asyncProperty(problems, async (drawn) => {
        const { rows, outFeatures } = drawn;
        const all = await run(problem({ ...drawn, rows: rows + 3 }, variant));
        const few = await run((on) => {
          const x = normal(drawn.seed, (rows + 3) * drawn.inFeatures).subarray(0, rows * drawn.inFeatures);
          const bias = drawn.hasBias ? randomTensor(on, drawn.seed + 2, [outFeatures]) : undefined;
          return linear(on.upload(x, [rows, drawn.inFeatures]), weightOf(on, drawn), bias, variant);
        });
        expect(few).toEqual(all.slice(0, rows * outFeatures));
      }),
      { numRuns: 50 },
    );
  });
});

describe('linear', () => {
  test('is x times the transposed weight plus the bias', async () => {
    // [1 2; 3 4] · [5 6; 7 8; 9 10]ᵀ + [0.5 -0.5 1]
    const pinned: Problem = (on) =>
      linear(
        on.upload(Float32Array.of(1, 2, 3, 4), [2, 2]),
        on.upload(Float32Array.of(5, 6, 7, 8, 9, 10), [3, 2]),
        on.upload(Float32Array.of(0.5, -0.5, 1), [3]),
      );
    await expectValues(pinned, [17.5, 22.5, 30, 39.5, 52.5, 68], 0);
  });

  test('refuses shapes that do not fit', () => {
    device.scope(() => {
      const x = device.zeros([2, 3]);
      expect(() => linear(x, device.zeros([4, 5]))).toThrow('linear: weight: expected shape [?, 3], found [4, 5]');
      expect(() => linear(x, device.zeros([4, 3]), device.zeros([3]))).toThrow('linear: bias: expected shape [4]');
    });
  });
});
