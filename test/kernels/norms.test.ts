import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Form } from '../../src/kernels/forms/form.js';
import { affineLayerNorm, modulatedLayerNorm } from '../../src/kernels/norms/layerNorm.js';
import { rmsNorm } from '../../src/kernels/norms/rmsNorm.js';
import { evenSubgroupSize } from '../../src/kernels/norms/rowForm.js';
import type { Device } from '../../src/tensor/device.js';
import { expectAllClose } from '../support/allclose.js';
import { device } from '../support/device.js';
import { FAR_ROWS_TOLERANCE, KERNEL_TOLERANCE } from '../support/tolerance.js';
import { expectTwin, expectValues, normal, type Problem, randomTensor, run, seeds, sizes } from '../support/twins.js';

const EPS = 1e-6;

/** The forms that the adapter has, each with the widths that it handles up to a limit. */
const forms: [Form, (max: number) => fc.Arbitrary<number>][] = [['plain', sizes]];
if (evenSubgroupSize(device) > 0) forms.push(['subgroup', (max) => sizes(max / 4).map((size) => 4 * size)]);

/** Rows that alternate around `centre`: their variance stays clear of zero, where a norm only magnifies rounding. */
function spreadValues(seed: number, rows: number, width: number, centre = 0): Float32Array {
  return normal(seed, rows * width, 0.3).map((value, index) => centre + value + ((index % width) % 2 === 0 ? 1 : -1));
}
const spread = (on: Device, seed: number, rows: number, width: number, centre = 0) =>
  on.upload(spreadValues(seed, rows, width, centre), [rows, width]);

describe.each(forms)('rmsNorm, %s', (form, widths) => {
  test('agrees with its twin', async () => {
    await fc.assert(
      fc.asyncProperty(sizes(20), widths(300), seeds, (rows, width, seed) =>
        expectTwin((on) => rmsNorm(spread(on, seed, rows, width), randomTensor(on, seed + 1, [width]), EPS, form)),
      ),
    );
  });

  test('does not depend on the scale of a row', async () => {
    await fc.assert(
      fc.asyncProperty(widths(200), seeds, async (width, seed) => {
        const normed = (factor: number): Problem => {
          const x = spreadValues(seed, 1, width).map((value) => value * factor);
          return (on) => rmsNorm(on.upload(x, [1, width]), randomTensor(on, 1, [width]), 0, form);
        };
        // A power of two scales float32 numbers without rounding.
        expectAllClose(await run(normed(4096)), await run(normed(1)), KERNEL_TOLERANCE);
      }),
    );
  });
});

describe('rmsNorm', () => {
  test('divides by the root mean square, eps inside the root', async () => {
    // mean square of (3, 4) is 12.5; with eps 12.5 the root is 5.
    const pinned: Problem = (on) =>
      rmsNorm(on.upload(Float32Array.of(3, 4), [1, 2]), on.upload(Float32Array.of(10, -5), [2]), 12.5);
    await expectValues(pinned, [6, -4]);
  });

  test('refuses a weight of another width', () => {
    device.scope(() => {
      expect(() => rmsNorm(device.zeros([2, 3]), device.zeros([2]), EPS)).toThrow(
        'rmsNorm: weight: expected shape [3]',
      );
    });
  });
});

describe.each(forms)('layerNorm, %s', (form, widths) => {
  const problems = fc.record({
    frames: sizes(4),
    tokens: sizes(6),
    width: widths(300),
    chunks: fc.integer({ min: 2, max: 6 }),
    shift: fc.nat(5),
    scale: fc.nat(5),
    seed: seeds,
  });

  test('modulated by frame, agrees with its twin', async () => {
    await fc.assert(
      fc.asyncProperty(problems, ({ frames, tokens, width, chunks, shift, scale, seed }) =>
        expectTwin((on) =>
          modulatedLayerNorm(
            spread(on, seed, frames * tokens, width, 2),
            randomTensor(on, seed + 1, [frames, chunks, width]),
            { shift: shift % chunks, scale: scale % chunks },
            EPS,
            form,
          ),
        ),
      ),
    );
  });

  test('with a gain and a bias, agrees with its twin', async () => {
    await fc.assert(
      fc.asyncProperty(sizes(20), widths(300), seeds, (rows, width, seed) =>
        expectTwin((on) =>
          affineLayerNorm(spread(on, seed, rows, width, 2), randomTensor(on, seed + 1, [1, 2, width]), EPS, form),
        ),
      ),
    );
  });

  test('does not depend on a constant added to a row', async () => {
    await fc.assert(
      fc.asyncProperty(widths(200), seeds, async (width, seed) => {
        const normed = (centre: number): Problem => {
          // Multiples of 2^-10, so that adding 8 is exact in float32.
          const x = spreadValues(seed, 1, width).map((value) => Math.round(value * 1024) / 1024 + centre);
          return (on) => affineLayerNorm(on.upload(x, [1, width]), randomTensor(on, 1, [1, 2, width]), EPS, form);
        };
        expectAllClose(await run(normed(8)), await run(normed(0)), KERNEL_TOLERANCE);
      }),
    );
  });

  test('keeps its accuracy in rows far from zero, and where the first value is far from the others', async () => {
    const distances = fc.constantFrom(-300, 0, 300);
    await fc.assert(
      fc.asyncProperty(widths(2000), seeds, distances, distances, async (width, seed, centre, first) => {
        const x = spreadValues(seed, 2, width, centre);
        x[0] = x[width] += first;
        const problem: Problem = (on) =>
          affineLayerNorm(on.upload(x, [2, width]), randomTensor(on, seed + 1, [1, 2, width]), EPS, form);
        await expectTwin(problem, FAR_ROWS_TOLERANCE);
      }),
    );
  });
});

describe('layerNorm', () => {
  test('takes mean and population variance out, then (1 + scale) and shift of the right frame', async () => {
    // Rows (1, 3) and (10, 6) are (-1, 1) and (1, -1) when normed with eps 0.
    const pinned: Problem = (on) =>
      modulatedLayerNorm(
        on.upload(Float32Array.of(1, 3, 10, 6), [2, 2]),
        // frame 0: shift (10, 20), scale (0, 1); frame 1: shift (30, 40), scale (2, 3)
        on.upload(Float32Array.of(10, 20, 0, 1, 30, 40, 2, 3), [2, 2, 2]),
        { shift: 0, scale: 1 },
        0,
      );
    await expectValues(pinned, [9, 22, 33, 36]);
    const affine: Problem = (on) =>
      affineLayerNorm(
        on.upload(Float32Array.of(1, 3), [1, 2]),
        on.upload(Float32Array.of(5, 7, 100, 200), [1, 2, 2]),
        0,
      );
    await expectValues(affine, [95, 207]);
  });

  test('refuses rows that do not divide into frames, and chunks that there are not', () => {
    device.scope(() => {
      const modulation = device.zeros([2, 2, 4]);
      expect(() => modulatedLayerNorm(device.zeros([4, 4]), modulation, { shift: 2, scale: 1 }, EPS)).toThrow(
        'layerNorm: modulation: expected more than 2 chunks, found 2',
      );
      expect(() => modulatedLayerNorm(device.zeros([3, 4]), modulation, { shift: 0, scale: 1 }, EPS)).toThrow(
        'layerNorm',
      );
    });
  });
});
