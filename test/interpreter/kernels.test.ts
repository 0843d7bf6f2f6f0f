import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { kernelNames } from '../../src/node/kernelTexts.js';
import { CASES } from './support/kernelCases.js';
import { openFor, show } from './support/runCase.js';

// Every kernel and form, line by line: right, and nothing in it that only luck or a driver makes right.

/** Problems of each case; set the variable to look longer. */
const numRuns = Number(process.env.TOKENTRIM_INTERPRETED_RUNS ?? 4);

test('every kernel has a case', () => {
  const covered = new Set(CASES.flatMap(({ kernels }) => kernels));
  expect(kernelNames().filter((kernel) => !covered.has(kernel))).toEqual([]);
});

describe.each(CASES.map((one, index) => ({ ...one, name: `${one.kernels.join(', ')} (${index})` })))('$name', (one) => {
  test('agrees with its twin, in any order of its invocations, within what is bound', async () => {
    const opened = await openFor(one, undefined, Math.floor(Math.random() * 1e6) + 1);
    await fc.assert(
      fc.asyncProperty(one.problems, async (problem) => {
        const { problems, kernels } = await show(one, problem, opened);
        expect(problems).toEqual([]);
        expect(kernels).toEqual(expect.arrayContaining([...one.kernels]));
      }),
      { numRuns: Math.ceil(numRuns * (one.share ?? 1)) },
    );
  });
});
