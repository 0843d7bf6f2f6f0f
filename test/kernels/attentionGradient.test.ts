import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { attention } from '../../src/kernels/attention/attention.js';
import type { AttentionContext } from '../../src/kernels/attention/attentionForm.js';
import { attentionGradient } from '../../src/kernels/attention/attentionGradient.js';
import { type Form, subgroupSize } from '../../src/kernels/forms/form.js';
import { openDevice } from '../../src/node/openDevice.js';
import type { Device } from '../../src/tensor/device.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { expectAllClose } from '../support/allclose.js';
import { type Drawn, inputsOf, problemsOf } from '../support/attentionProblems.js';
import { device, referenceDevice } from '../support/device.js';
import { DIFFERENCES_TOLERANCE, KERNEL_TOLERANCE, PINNED_TOLERANCE } from '../support/tolerance.js';
import { normal, randomTensor, run } from '../support/twins.js';

/** What is differentiated by. */
type Variable = 'query' | 'keys' | 'values';

/** Gradients that are smaller all over are 0 but for rounding: of a single key, say. */
const LEAST = 1e-3;

const without = (drawn: Drawn): Drawn => ({ ...drawn, hasBias: false });
/** Some of the types, for fewer pipelines: each takes seconds to compile on lavapipe. The interpreter runs all of them. */
const isFew = ({ cacheType }: Drawn) => cacheType === 'f16' || cacheType === 'i8';
const ownAlone = (drawn: Drawn): Drawn => ({ ...drawn, rows: [], ownRows: drawn.ownRows + 1, ownType: 'f16' });

/** The forms that the adapter has, with widths of heads that each handles. */
const forms: [Form, fc.Arbitrary<Drawn>][] = [
  ['plain', problemsOf([1, 3, 20]).filter(isFew).map(without)],
  ['tiled', problemsOf([4, 20, 68]).map(without).map(ownAlone)],
];
if (subgroupSize(device) > 0) forms.push(['subgroup', problemsOf([4, 20, 44]).filter(isFew).map(without)]);

const variablesOf = ({ ownRows }: Drawn): Variable[] => (ownRows > 0 ? ['query', 'keys', 'values'] : ['query']);

function gradientOf(on: Device, drawn: Drawn, variable: Variable, form?: Form): Tensor {
  const { query, context, heads, terms } = inputsOf(on, drawn);
  const cotangent = randomTensor(on, drawn.seed + 60, query.shape);
  const { query: ofQuery, own } = attentionGradient(query, context, heads, cotangent, { scale: terms.scale, form });
  return variable === 'query' ? ofQuery : (own as { keys: Tensor; values: Tensor })[variable];
}

/** sum(attention * cotangent) by the float64 twin, where an element of a variable is moved. */
async function lossAt(drawn: Drawn, variable: Variable, element: number, step: number): Promise<number> {
  const on = referenceDevice;
  const y = await run(() => {
    const { query, context, heads, terms } = inputsOf(on, drawn);
    const moved = variable === 'query' ? query : (context.own as { keys: Tensor; values: Tensor })[variable];
    moved.host.data[element] += step;
    return attention(query, context, heads, terms);
  }, on);
  const cotangent = normal(drawn.seed + 60, y.length);
  return cotangent.reduce((sum, value, index) => sum + value * y[index], 0);
}

describe('the gradient of attention', () => {
  test('is what differences of attention are, in float64', async () => {
    const step = 1e-4;
    const problems = fc.tuple(problemsOf([1, 3, 4]).map(without), fc.nat());
    await fc.assert(
      fc.asyncProperty(problems, async ([drawn, place]) => {
        for (const variable of variablesOf(drawn)) {
          const gradient = await run((on) => gradientOf(on, drawn, variable), referenceDevice);
          const largest = Math.max(LEAST, ...gradient.map(Math.abs));
          for (const element of [place, 7 * place + 3].map((at) => at % gradient.length)) {
            const [after, before] = [
              await lossAt(drawn, variable, element, step),
              await lossAt(drawn, variable, element, -step),
            ];
            const difference = (after - before) / (2 * step);
            const [found, expected] = [[gradient[element] / largest], [difference / largest]];
            expectAllClose(found, expected, DIFFERENCES_TOLERANCE, `gradient of ${variable} and differences`);
          }
        }
      }),
      { numRuns: 25 },
    );
  });

  test.each(forms)('agrees with its twin, %s', async (form, problems) => {
    await fc.assert(
      fc.asyncProperty(problems, async (drawn) => {
        for (const variable of variablesOf(drawn)) {
          const found = await run((on) => gradientOf(on, drawn, variable, form));
          const expected = await run((on) => gradientOf(on, drawn, variable), referenceDevice);
          expectAllClose(found, expected, KERNEL_TOLERANCE, `gradient of ${variable}, kernel against twin`);
        }
      }),
      { numRuns: 20 },
    );
  });

  test('is the same where the weights of some queries at a time are all that one may bind', async () => {
    const small = await openDevice({ maxBindingBytes: 16384 });
    const drawn = { heads: 2, headDim: 4, queries: 75, cacheRows: 9, rows: [7, 2, 2], ownRows: 50, seed: 5 };
    const types = { hasBias: false, scale: undefined, cacheType: 'f32', ownType: 'f32' } as const;
    for (const variable of ['query', 'keys', 'values'] as const) {
      const problem = (on: Device) => gradientOf(on, { ...drawn, ...types }, variable);
      const found = await run(problem, small);
      expectAllClose(found, await run(problem, referenceDevice), KERNEL_TOLERANCE, `gradient of ${variable}`);
    }
    small.close();
  });

  test('is that of two equal keys worked out by hand', async () => {
    // Weights 1/2 and 1/2, values 4 and 8, cotangent 1: the first score takes away 1 from the output, the second adds it.
    const problem = (on: Device) => {
      const own = { keys: on.upload(Float32Array.of(3, 3), [2, 1]), values: on.upload(Float32Array.of(4, 8), [2, 1]) };
      const query = on.upload(Float32Array.of(5), [1, 1]);
      return attentionGradient(query, { own }, 1, on.upload(Float32Array.of(1), [1, 1]));
    };
    for (const on of [device, referenceDevice]) {
      expectAllClose(await run((where) => problem(where).query, on), [0], PINNED_TOLERANCE);
      const own = (where: Device) => problem(where).own as { keys: Tensor; values: Tensor };
      expectAllClose(await run((where) => own(where).keys, on), [-5, 5], PINNED_TOLERANCE);
      expectAllClose(await run((where) => own(where).values, on), [0.5, 0.5], PINNED_TOLERANCE);
    }
  });

  test('leaves out own keys where they are constants, and refuses what does not fit', () => {
    device.scope(() => {
      const x = device.zeros([2, 4]);
      const context: AttentionContext = { own: { keys: x, values: x } };
      expect(attentionGradient(x, context, 2, x, { isOwnConstant: true }).own).toBeUndefined();
      expect(() => attentionGradient(x, context, 2, device.zeros([3, 4]))).toThrow('attentionGradient: cotangent');
      expect(() => attentionGradient(x, context, 3, x)).toThrow('4 columns do not split into 3 heads');
      expect(() => attentionGradient(x, {}, 2, x)).toThrow('there is no key to attend to');
      expect(() => attentionGradient(x, context, 2, device.zeros([2, 4], 'f16'))).toThrow('must be f32');
    });
  });
});
