import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { silu } from '../../src/kernels/elementwise/elementwise.js';
import type { Form } from '../../src/kernels/forms/form.js';
import { channelNorm } from '../../src/kernels/norms/channelNorm.js';
import { evenSubgroupSize } from '../../src/kernels/norms/rowForm.js';
import { expectAllClose } from '../support/allclose.js';
import { device } from '../support/device.js';
import { KERNEL_TOLERANCE } from '../support/tolerance.js';
import { expectTwin, expectValues, type Problem, randomTensor, run, seeds, sizes } from '../support/twins.js';

const anyWidth = fc.record({
  pixels: sizes(150),
  channels: sizes(70),
  silu: fc.boolean(),
  scale: fc.constantFrom(1e-3, 1, 64),
  seed: seeds,
});
const inFours = anyWidth.map((drawn) => ({ ...drawn, channels: 4 * Math.ceil(drawn.channels / 4) }));
type NormProblem = typeof anyWidth extends fc.Arbitrary<infer Value> ? Value : never;

/** The forms that the adapter has, each with what it handles. */
const forms: [Form, fc.Arbitrary<NormProblem>][] = [['plain', anyWidth]];
if (evenSubgroupSize(device) > 0) forms.push(['subgroup', inFours]);

const problem =
  ({ pixels, channels, silu, scale, seed }: NormProblem, form: Form): Problem =>
  (on) =>
    channelNorm(randomTensor(on, seed, [1, pixels, 1, channels], scale), randomTensor(on, seed + 1, [channels]), {
      silu,
      form,
    });

describe.each(forms)('channelNorm, %s', (form, problems) => {
  test('agrees with its twin', async () => {
    await fc.assert(
      fc.asyncProperty(problems, (drawn) => expectTwin(problem(drawn, form))),
      { numRuns: 150 },
    );
  });

  test('does not depend on how large a pixel’s values are', async () => {
    await fc.assert(
      fc.asyncProperty(problems, async (drawn) => {
        const small = await run(problem({ ...drawn, scale: 1 }, form));
        expectAllClose(await run(problem({ ...drawn, scale: 64 }, form)), small, KERNEL_TOLERANCE);
      }),
      { numRuns: 30 },
    );
  });

  test('with SiLU is SiLU of the norm', async () => {
    await fc.assert(
      fc.asyncProperty(problems, async (drawn) => {
        const apart: Problem = (on) => silu(problem({ ...drawn, silu: false }, form)(on));
        expectAllClose(await run(problem({ ...drawn, silu: true }, form)), await run(apart), KERNEL_TOLERANCE);
      }),
      { numRuns: 30 },
    );
  });
});

describe('channelNorm', () => {
  test('divides by the root mean square and multiplies by the gain', async () => {
    // [3 4] has root mean square sqrt(12.5); zeros stay zeros.
    const pinned: Problem = (on) =>
      channelNorm(on.upload(Float32Array.of(3, 4, 0, 0), [2, 2]), on.upload(Float32Array.of(1, 2), [2]));
    await expectValues(pinned, [3 / Math.sqrt(12.5), 8 / Math.sqrt(12.5), 0, 0]);
  });

  test('refuses a gain of another width', () => {
    const wrong: Problem = (on) => channelNorm(on.zeros([2, 3]), on.zeros([2]));
    return expect(run(wrong)).rejects.toThrow('channelNorm: gamma');
  });
});
