import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gelu } from '../../src/kernels/elementwise/elementwise.js';
import { type Form, subgroupSize } from '../../src/kernels/forms/form.js';
import { added, type LinearOptions, linear } from '../../src/kernels/linear/linear.js';
import { openDevice } from '../../src/node/openDevice.js';
import type { Device } from '../../src/tensor/device.js';
import { expectAllClose } from '../support/allclose.js';
import { device } from '../support/device.js';
import { floatTypes, typedTensor } from '../support/packed.js';
import { KERNEL_TOLERANCE } from '../support/tolerance.js';
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
const forms: [Form, fc.Arbitrary<LinearProblem>][] = [
  ['plain', anySize],
  ['tiled', tileable],
];
if (subgroupSize(device) > 0) forms.push(['subgroup', inFours]);

function weightOf(on: Device, { seed, inFeatures, outFeatures, dtype }: LinearProblem, widened = false) {
  const values = normal(seed + 1, inFeatures * outFeatures, inFeatures ** -0.5);
  return typedTensor(on, values, [outFeatures, inFeatures], dtype, widened);
}

const problem =
  (drawn: LinearProblem, form: Form, widened = false): Problem =>
  (on) =>
    linear(
      randomTensor(on, drawn.seed, [drawn.rows, drawn.inFeatures]),
      weightOf(on, drawn, widened),
      drawn.hasBias ? randomTensor(on, drawn.seed + 2, [drawn.outFeatures]) : undefined,
      { form },
    );

describe.each(forms)('linear, %s', (form, problems) => {
  test('agrees with its twin', async () => {
    await fc.assert(
      fc.asyncProperty(problems, (drawn) => expectTwin(problem(drawn, form))),
      { numRuns: 200 },
    );
  });

  test('reads packed 16-bit weights exactly: the result is that of the same values in f32', async () => {
    await fc.assert(
      fc.asyncProperty(problems, async (drawn) => {
        expect(await run(problem(drawn, form))).toEqual(await run(problem(drawn, form, true)));
      }),
      { numRuns: 50 },
    );
  });

  test('gives a row the same result whatever rows stand beside it', async () => {
    // Up to 16 rows the tiled form has a kernel of its own, which adds in another order.
    const onOneSide = problems.filter(({ rows }) => rows > 16 || rows + 3 <= 16);
    await fc.assert(
      fc.asyncProperty(onOneSide, async (drawn) => {
        const { rows, outFeatures } = drawn;
        const all = await run(problem({ ...drawn, rows: rows + 3 }, form));
        const few = await run((on) => {
          const x = normal(drawn.seed, (rows + 3) * drawn.inFeatures).subarray(0, rows * drawn.inFeatures);
          const bias = drawn.hasBias ? randomTensor(on, drawn.seed + 2, [outFeatures]) : undefined;
          return linear(on.upload(x, [rows, drawn.inFeatures]), weightOf(on, drawn), bias, { form });
        });
        expect(few).toEqual(all.slice(0, rows * outFeatures));
      }),
      { numRuns: 50 },
    );
  });
});

/** What follows the products; each combination compiles anew, so that only those the models use are drawn. */
const ends = fc.constantFrom('gelu', 'residual', 'gate');
const FRAMES = 3;

/** A problem of `3 * rows` rows with what follows its products, in one pass or in passes of its own. */
const ended =
  (drawn: LinearProblem, end: string, form: Form, isFused: boolean): Problem =>
  (on) => {
    const { seed, inFeatures, outFeatures } = drawn;
    const rows = FRAMES * drawn.rows;
    const x = randomTensor(on, seed, [rows, inFeatures]);
    const bias = randomTensor(on, seed + 2, [outFeatures]);
    const to = randomTensor(on, seed + 3, [rows, outFeatures]);
    const gate = { modulation: randomTensor(on, seed + 4, [FRAMES, 6, outFeatures]), chunk: seed % 6 };
    const options: LinearOptions = {
      gelu: end === 'gelu',
      residual: end === 'gelu' ? undefined : { to, gate: end === 'gate' ? gate : undefined },
    };
    if (isFused) return linear(x, weightOf(on, drawn), bias, { ...options, form });
    const product = linear(x, weightOf(on, drawn), bias, { form });
    return added(options.gelu ? gelu(product) : product, options.residual);
  };

describe.each(forms)('what follows linear, %s', (form, problems) => {
  const few = problems.map((drawn) => ({ ...drawn, rows: Math.ceil(drawn.rows / FRAMES), dtype: 'bf16' as const }));

  test('agrees with its twin', async () => {
    await fc.assert(
      fc.asyncProperty(few, ends, (drawn, end) => expectTwin(ended(drawn, end, form, true))),
      { numRuns: 100 },
    );
  });

  test('agrees with passes of its own', async () => {
    await fc.assert(
      fc.asyncProperty(few, ends, async (drawn, end) => {
        const apart = await run(ended(drawn, end, form, false));
        expectAllClose(await run(ended(drawn, end, form, true)), apart, KERNEL_TOLERANCE, 'one pass and two');
      }),
      { numRuns: 50 },
    );
  });

  test('knows the frames of its rows where a launch is cut into pieces', async () => {
    const small = await openDevice({ maxBindingBytes: 2 ** 14 });
    try {
      const drawn = { rows: 70, inFeatures: 64, outFeatures: 64, dtype: 'bf16' as const, hasBias: true, seed: 5 };
      for (const end of ['residual', 'gate']) {
        const problem = ended(drawn, end, form, true);
        expect(await run(problem, small)).toEqual(await run(problem));
      }
    } finally {
      small.close();
    }
  });
});

describe('linear', () => {
  test("adds what it makes, gated by the chunk of a row's frame", async () => {
    // gelu([0; 2] · [1]ᵀ) = [0; 1.9545977] plus [10; 20], gated by the second of two chunks: [2; 3]
    const pinned: Problem = (on) =>
      linear(on.upload(Float32Array.of(0, 2), [2, 1]), on.upload(Float32Array.of(1), [1, 1]), undefined, {
        gelu: true,
        residual: {
          to: on.upload(Float32Array.of(10, 20), [2, 1]),
          gate: { modulation: on.upload(Float32Array.of(7, 2, 7, 3), [2, 2, 1]), chunk: 1 },
        },
      });
    await expectValues(pinned, [10, 20 + 3 * 1.9545977]);
  });

  test('refuses a residual that does not fit', () => {
    device.scope(() => {
      const [x, weight, to] = [device.zeros([4, 3]), device.zeros([5, 3]), device.zeros([4, 5])];
      const gate = (shape: number[]) => ({ modulation: device.zeros(shape), chunk: 0 });
      const residual = (given: LinearOptions['residual']) => () => linear(x, weight, undefined, { residual: given });
      expect(residual({ to: device.zeros([4, 4]) })).toThrow('linear: residual: expected shape [4, 5], found [4, 4]');
      expect(residual({ to, gate: gate([2, 6, 4]) })).toThrow('linear: modulation: expected shape [?, ?, 5]');
      const seventh = { ...gate([2, 6, 5]), chunk: 6 };
      expect(residual({ to, gate: seventh })).toThrow('linear: modulation: expected more than 6 chunks, found 6');
      expect(residual({ to, gate: gate([3, 6, 5]) })).toThrow('linear: rows by frame: expected shape [3], found [4]');
    });
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

  test('refuses shapes that do not fit', () => {
    device.scope(() => {
      const x = device.zeros([2, 3]);
      expect(() => linear(x, device.zeros([4, 5]))).toThrow('linear: weight: expected shape [?, 3], found [4, 5]');
      expect(() => linear(x, device.zeros([4, 3]), device.zeros([3]))).toThrow('linear: bias: expected shape [4]');
    });
  });
});
