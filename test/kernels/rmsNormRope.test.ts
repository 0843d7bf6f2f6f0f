import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cast } from '../../src/kernels/elementwise/cast.js';
import type { Form } from '../../src/kernels/forms/form.js';
import { rmsNormRope } from '../../src/kernels/norms/rmsNormRope.js';
import { evenSubgroupSize } from '../../src/kernels/norms/rowForm.js';
import { ropeTable } from '../../src/models/wan/rope.js';
import type { Device } from '../../src/tensor/device.js';
import type { FloatType } from '../../src/tensor/tensor.js';
import { device } from '../support/device.js';
import { expectTwin, expectValues, randomTensor, run, seeds, sizes } from '../support/twins.js';

const EPS = 1e-6;

/** The forms that the adapter has, each with what the components of a head are a multiple of. */
const forms: [Form, number][] = [['plain', 2]];
if (evenSubgroupSize(device) > 0) forms.push(['subgroup', 4]);

const problems = fc.record({
  frames: sizes(3),
  gridHeight: sizes(4),
  gridWidth: sizes(4),
  units: sizes(70),
  heads: sizes(3),
  seed: seeds,
});
type Made = typeof problems extends fc.Arbitrary<infer Problem> ? Problem : never;

const made =
  ({ units, heads, seed, ...grid }: Made, form: Form, unit: number, dtype?: FloatType) =>
  (on: Device) => {
    const headDim = unit * units;
    const tokens = grid.frames * grid.gridHeight * grid.gridWidth;
    const x = randomTensor(on, seed, [tokens, heads * headDim]);
    const weight = randomTensor(on, seed + 1, [heads * headDim]);
    const table = ropeTable(on, { ...grid, startFrame: 5, headDim });
    return rmsNormRope(x, weight, EPS, table, heads, { dtype, form });
  };

describe.each(forms)('rmsNormRope, %s', (form, unit) => {
  test('agrees with its twin', async () => {
    await fc.assert(fc.asyncProperty(problems, (problem) => expectTwin(made(problem, form, unit))));
  });

  test('narrows as a cast does', async () => {
    await fc.assert(
      fc.asyncProperty(problems, fc.constantFrom('bf16', 'f16'), async (problem, type) => {
        const narrowed = await run((on) => cast(made(problem, form, unit, type)(on), 'f32'));
        expect(narrowed).toEqual(await run((on) => cast(cast(made(problem, form, unit)(on), type), 'f32')));
      }),
      { numRuns: 30 },
    );
  });
});

describe('rmsNormRope', () => {
  test.each(['f32', 'bf16', 'f16'] as const)('norms over all heads, then turns each, to %s', async (dtype) => {
    // Two heads of one pair; mean square 12.5, with eps 12.5 the root is 5; one token at frame 1, which turns by a quarter.
    await expectValues(
      (on) => {
        const entries = on.upload(Float32Array.of(1, 0, 0, 1), [2, 2]);
        const table = { entries, frames: 2, gridHeight: 1, gridWidth: 1, pairs: { temporal: 1, height: 0, width: 0 } };
        const x = on.upload(Float32Array.of(3, 4, -4, 3, 3, 4, -4, 3), [2, 4]);
        const weight = on.upload(Float32Array.of(10, -5, 5, 10), [4]);
        return cast(rmsNormRope(x, weight, 12.5, table, 2, { dtype }), 'f32');
      },
      [6, -4, -4, 6, 4, 6, -6, -4],
    );
  });

  test('refuses a weight of another width, and a table of another grid', () => {
    device.scope(() => {
      const table = ropeTable(device, { startFrame: 0, frames: 2, gridHeight: 2, gridWidth: 2, headDim: 6 });
      const [x, weight] = [device.zeros([8, 12]), device.zeros([12])];
      expect(() => rmsNormRope(x, device.zeros([6]), EPS, table, 2)).toThrow('weight: expected shape [12], found [6]');
      expect(() => rmsNormRope(device.zeros([7, 12]), weight, EPS, table, 2)).toThrow('x: expected shape [8, 12]');
      expect(() => rmsNormRope(x, weight, EPS, table, 3)).toThrow('rmsNormRope: x: expected shape [8, 18]');
    });
  });
});
