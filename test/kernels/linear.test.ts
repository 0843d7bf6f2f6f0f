import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { linear } from '../../src/kernels/linear.js';
import type { Device } from '../../src/tensor/device.js';
import { bfloat16ToFloat32, float32ToBfloat16, float32ToHalf, halfToFloat32 } from '../../src/weights/convert.js';
import { device } from '../support/device.js';
import { expectTwin, expectValues, normal, type Problem, randomTensor, run, seeds, sizes } from '../support/twins.js';

const problems = fc.record({
  rows: sizes(70),
  inFeatures: sizes(150),
  outFeatures: sizes(70),
  dtype: fc.constantFrom('f32' as const, 'bf16' as const, 'f16' as const),
  hasBias: fc.boolean(),
  seed: seeds,
});
type LinearProblem = typeof problems extends fc.Arbitrary<infer Value> ? Value : never;

function weightOf(on: Device, { seed, inFeatures, outFeatures, dtype }: LinearProblem, widened = false) {
  const values = normal(seed + 1, inFeatures * outFeatures, inFeatures ** -0.5);
  const shape = [outFeatures, inFeatures];
  if (dtype === 'f32') return on.upload(values, shape);
  const bits = dtype === 'bf16' ? float32ToBfloat16(values) : float32ToHalf(values);
  if (widened) return on.upload(dtype === 'bf16' ? bfloat16ToFloat32(bits) : halfToFloat32(bits), shape);
  return on.upload(bits, shape, dtype);
}

const problem =
  (drawn: LinearProblem, widened = false): Problem =>
  (on) =>
    linear(
      randomTensor(on, drawn.seed, [drawn.rows, drawn.inFeatures]),
      weightOf(on, drawn, widened),
      drawn.hasBias ? randomTensor(on, drawn.seed + 2, [drawn.outFeatures]) : undefined,
    );

describe('linear', () => {
  test('agrees with its twin', async () => {
    await fc.assert(
      fc.asyncProperty(problems, (drawn) => expectTwin(problem(drawn))),
      { numRuns: 200 },
    );
  });

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

  test('reads packed 16-bit weights exactly: the result is that of the same values in f32', async () => {
    await fc.assert(
      fc.asyncProperty(problems, async (drawn) => {
        expect(await run(problem(drawn))).toEqual(await run(problem(drawn, true)));
      }),
      { numRuns: 50 },
    );
  });

  test('gives a row the same result whatever rows stand beside it', async () => {
    await fc.assert(
      fc.asyncProperty(problems, async (drawn) => {
        const { rows, outFeatures } = drawn;
        const all = await run(problem({ ...drawn, rows: rows + 3 }));
        const few = await run((on) => {
          const x = normal(drawn.seed, (rows + 3) * drawn.inFeatures).subarray(0, rows * drawn.inFeatures);
          const bias = drawn.hasBias ? randomTensor(on, drawn.seed + 2, [outFeatures]) : undefined;
          return linear(on.upload(x, [rows, drawn.inFeatures]), weightOf(on, drawn), bias);
        });
        expect(few).toEqual(all.slice(0, rows * outFeatures));
      }),
      { numRuns: 50 },
    );
  });

  test('refuses shapes that do not fit', () => {
    device.scope(() => {
      const x = device.zeros([2, 3]);
      expect(() => linear(x, device.zeros([4, 5]))).toThrow('linear: weight: expected shape [?, 3], found [4, 5]');
      expect(() => linear(x, device.zeros([4, 3]), device.zeros([3]))).toThrow('linear: bias: expected shape [4]');
    });
  });
});
