import fc from 'fast-check';
import { describe, test } from 'vitest';
import { type AttentionProblem, attentionProblem } from '../../src/kernels/attention/attentionForm.js';
import {
  type AttentionPart,
  attentionScores,
  attentionSoftmax,
  attentionValues,
  partOf,
} from '../../src/kernels/attention/attentionSteps.js';
import { subgroupSize } from '../../src/kernels/forms/form.js';
import type { Device } from '../../src/tensor/device.js';
import { expectAllClose } from '../support/allclose.js';
import { type Drawn, inputsOf, problemsOf } from '../support/attentionProblems.js';
import { device, referenceDevice } from '../support/device.js';
import { KERNEL_TOLERANCE } from '../support/tolerance.js';
import { expectTwin, normal, randomTensor, run, seeds, sizes } from '../support/twins.js';

const lanes = subgroupSize(device);

/** A problem, and which of its queries a part is of. */
const parts = problemsOf([4, 44, 128]).chain((drawn) =>
  fc.nat(drawn.queries - 1).chain((first) => sizes(drawn.queries - first).map((count) => ({ drawn, first, count }))),
);

function problemOn(on: Device, drawn: Drawn): AttentionProblem {
  const { query, context, heads, terms } = inputsOf(on, drawn);
  return attentionProblem(query, context, heads, terms);
}

/** Where the scores of a line of keys are that the next step reads: each part's, and zeros to the next multiple of 4. */
function columnsOf(
  { rowCount, ownCount }: Pick<AttentionProblem, 'rowCount' | 'ownCount'>,
  { ownColumn }: AttentionPart,
) {
  const upTo = (keys: number) => Array.from({ length: 4 * Math.ceil(keys / 4) }, (_, column) => column);
  return [...upTo(rowCount), ...upTo(ownCount).map((column) => ownColumn + column)];
}

const counts = ({ rows, ownRows }: Drawn) => ({ rowCount: rows.length, ownCount: ownRows });

/** Of random numbers in [0, 1), by seed. */
const uniform = (seed: number, count: number) => normal(seed, count).map((value) => Math.abs(value) % 1);

describe.skipIf(lanes === 0)('a step of attention, where subgroups are small', () => {
  test('scores agree with their twin: exponentials, and the largest and the sum of each tile', async () => {
    await fc.assert(
      fc.asyncProperty(parts, async ({ drawn, first, count }) => {
        let part: AttentionPart | undefined;
        const scores = (on: Device) => {
          const problem = problemOn(on, drawn);
          part = partOf(problem, lanes, first, count);
          return attentionScores(problem, part);
        };
        const defined = (values: ArrayLike<number>) => {
          const { columns, tiles } = part as AttentionPart;
          const lines = Array.from({ length: drawn.heads * count }, (_, line) => line);
          const behind = lines.length * columns;
          return lines.flatMap((line) => [
            ...columnsOf(counts(drawn), part as AttentionPart).map((column) => values[line * columns + column]),
            ...Array.from({ length: 2 * tiles }, (_, at) => values[behind + 4 * (line * tiles + (at >> 1)) + (at & 1)]),
          ]);
        };
        const found = defined(await run(scores));
        expectAllClose(found, defined(await run(scores, referenceDevice)), KERNEL_TOLERANCE, 'kernel against twin');
      }),
      { numRuns: 100 },
    );
  });

  test('the softmax over all tiles agrees with its twin, whatever the largest of each', async () => {
    const problems = fc.record({
      heads: sizes(3),
      count: sizes(20),
      tiles: sizes(2 * lanes + 1),
      spread: fc.constantFrom(0, 1, 100),
      seed: seeds,
    });
    await fc.assert(
      fc.asyncProperty(problems, ({ heads, count, tiles, spread, seed }) => {
        const rows = heads * count;
        const weights = uniform(seed, rows * tiles * 4 * lanes);
        const largest = normal(seed + 1, rows * tiles, spread);
        const statistics = Array.from(largest, (value, tile) => [value, 1 + (tile % 9), 0, 0]).flat();
        return expectTwin((on) => {
          const scores = on.upload(Float32Array.of(...weights, ...statistics), [weights.length + statistics.length]);
          attentionSoftmax(heads, { lanes, count, tiles }, scores);
          return scores;
        });
      }),
      { numRuns: 100 },
    );
  });

  test('weighted values agree with their twin, and other rows stay', async () => {
    await fc.assert(
      fc.asyncProperty(parts, ({ drawn, first, count }) =>
        expectTwin((on) => {
          const problem = problemOn(on, drawn);
          const part = partOf(problem, lanes, first, count);
          const lines = drawn.heads * count;
          const weights = new Float32Array(lines * part.columns).fill(Number.NaN); // where nothing may be read
          const drawnWeights = uniform(drawn.seed + 40, weights.length);
          const isKey = (column: number) =>
            column < problem.rowCount || (column >= part.ownColumn && column < part.ownColumn + problem.ownCount);
          for (let line = 0; line < lines; line++) {
            for (const column of columnsOf(problem, part)) {
              const at = line * part.columns + column;
              weights[at] = isKey(column) ? drawnWeights[at] / (problem.rowCount + problem.ownCount) : 0;
            }
          }
          const y = randomTensor(on, drawn.seed + 50, problem.query.shape);
          attentionValues(problem, part, on.upload(weights, [weights.length]), y);
          return y;
        }),
      ),
      { numRuns: 100 },
    );
  });
});
