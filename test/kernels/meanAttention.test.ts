import fc from 'fast-check';
import { expect, test } from 'vitest';
import { meanAttention } from '../../src/kernels/attention/meanAttention.js';
import { widenedRows } from '../../src/kernels/rows/quantizedRows.twin.js';
import { ReferenceDevice } from '../../src/tensor/referenceDevice.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { expectAllClose } from '../support/allclose.js';
import { type Drawn, inputsOf, problemsOf } from '../support/attentionProblems.js';
import { device, referenceDevice } from '../support/device.js';
import { KERNEL_TOLERANCE } from '../support/tolerance.js';
import { expectTwin, expectValues, run } from '../support/twins.js';

const problems = problemsOf([1, 3, 20]).map((drawn): Drawn => ({ ...drawn, hasBias: false, scale: undefined }));
/** Some of the types, for fewer pipelines: each takes seconds to compile on lavapipe. */
const few = problems.filter(({ cacheType }) => cacheType === 'f16' || cacheType === 'i8');

const meanOf = (drawn: Drawn) => (on: typeof device) => {
  const { query, context, heads } = inputsOf(on, drawn);
  return meanAttention(query, context, heads).weights;
};

/** The same by plain loops: a softmax for every head, in the order cache rows, own keys, and their mean. */
function plainMean({ query, context, heads }: ReturnType<typeof inputsOf>): number[] {
  const [queries, width] = query.shape;
  const headDim = width / heads;
  const widened = (keys: Tensor) =>
    keys.dtype === 'u32' ? widenedRows(keys.hostIndices, width, heads).data : keys.host.data;
  const { cached, own } = context;
  const keys: (readonly number[])[] = [];
  const rowOf = (all: Float64Array, row: number) => Array.from(all.slice(row * width, (row + 1) * width));
  if (cached) for (const row of cached.rows.hostIndices) keys.push(rowOf(widened(cached.keys), row));
  if (own) for (let row = 0; row < own.keys.shape[0]; row++) keys.push(rowOf(own.keys.host.data, row));
  const mean = Array.from({ length: queries }, () => keys.map(() => 0));
  for (let q = 0; q < queries; q++) {
    for (let head = 0; head < heads; head++) {
      const scores = keys.map((key) => {
        let dot = 0;
        for (let d = head * headDim; d < (head + 1) * headDim; d++) dot += query.host.data[q * width + d] * key[d];
        return Math.exp(dot / Math.sqrt(headDim));
      });
      const total = scores.reduce((sum, score) => sum + score, 0);
      for (const [key, score] of scores.entries()) mean[q][key] += score / total / heads;
    }
  }
  return mean.flat();
}

test('is the mean over heads of the softmax, by plain loops in float64', async () => {
  await fc.assert(
    fc.asyncProperty(problems, async (drawn) => {
      const inputs = inputsOf(referenceDevice, drawn);
      const { weights, columns } = meanAttention(inputs.query, inputs.context, inputs.heads);
      const lines = Array.from({ length: drawn.queries }, (_, q) =>
        Array.from(weights.host.data.slice(q * columns.columns, (q + 1) * columns.columns)),
      );
      const ofKeys = lines.flatMap((line) => [
        ...line.slice(0, columns.rowCount),
        ...line.slice(columns.ownColumn, columns.ownColumn + columns.ownCount),
      ]);
      expectAllClose(ofKeys, plainMean(inputs), 1e-12, 'mean attention');
      for (const line of lines) expect(line.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12);
    }),
    { numRuns: 30 },
  );
});

test('the adapter does as its twin', async () => {
  await fc.assert(
    fc.asyncProperty(few, async (drawn) => {
      await expectTwin(meanOf(drawn), KERNEL_TOLERANCE);
    }),
    { numRuns: 15 },
  );
});

test('more queries than fit are done one part after the other', async () => {
  const drawn = { ...fc.sample(few, { numRuns: 1, seed: 3 })[0], queries: 7, heads: 2, ownRows: 20, cacheRows: 8 };
  const whole = await run(meanOf(drawn), referenceDevice);
  const narrow = Object.defineProperty(new ReferenceDevice(), 'maxBindingBytes', { value: 1024 });
  expect(await run(meanOf(drawn), narrow)).toEqual(whole);
});

test('two heads, worked out by hand', async () => {
  // Scores of the first head: ln 3 and 0; of the second: equal.
  await expectValues(
    (on) => {
      const query = on.upload(new Float32Array([1, 1]), [1, 2]);
      const own = { keys: on.upload(new Float32Array([Math.log(3), 5, 0, 5]), [2, 2]), values: on.zeros([2, 2]) };
      return meanAttention(query, { own }, 2).weights;
    },
    [(0.75 + 0.5) / 2, (0.25 + 0.5) / 2, 0, 0],
  );
});

test('refuses a query in 16 bits', () => {
  const query = device.zeros([2, 4], 'f16');
  const own = { keys: device.zeros([2, 4]), values: device.zeros([2, 4]) };
  expect(() => meanAttention(query, { own }, 2)).toThrow('query must be f32, found f16');
});
