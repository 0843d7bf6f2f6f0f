import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { kernelNames, kernelText } from '../../src/node/kernelTexts.js';
import { CASES } from './support/kernelCases.js';
import { openFor, show } from './support/runCase.js';

// Every barrier is needed: without it a race or a wrong result is seen. One that cannot be missed would only cost time.

/** Problems of a case that a kernel without one of its barriers is run on at most. */
const MOST = 12;
const BARRIER = /(?:workgroup|storage)Barrier\(\);/g;

/** Where a kernel has barriers. */
const barriersOf = (kernel: string) => [...kernelText(kernel).matchAll(BARRIER)];
const withBarriers = kernelNames().filter((kernel) => barriersOf(kernel).length > 0);

/** The kernel's text without one of its barriers, every line where it was. */
function without(kernel: string, barrier: RegExpExecArray): string {
  const text = kernelText(kernel);
  return text.slice(0, barrier.index) + ' '.repeat(barrier[0].length) + text.slice(barrier.index + barrier[0].length);
}

/** Whether any problem of the kernel's cases shows that something is wrong. */
async function isMissed(kernel: string, text: string): Promise<boolean> {
  for (const one of CASES.filter(({ kernels }) => kernels.includes(kernel))) {
    const opened = await openFor(one, (name) => (name === kernel ? text : kernelText(name)));
    for (const problem of fc.sample(one.problems, { numRuns: MOST, seed: 1 })) {
      if ((await show(one, problem, opened)).problems.length > 0) return true;
    }
  }
  return false;
}

test('there are kernels with barriers', () => expect(withBarriers.length).toBeGreaterThan(10));

describe.each(withBarriers)('%s', (kernel) => {
  test('would miss each of its barriers', async () => {
    const text = kernelText(kernel);
    const unneeded: string[] = [];
    for (const barrier of barriersOf(kernel)) {
      const line = text.slice(0, barrier.index).split('\n').length;
      if (!(await isMissed(kernel, without(kernel, barrier)))) unneeded.push(`${kernel}.wgsl:${line}`);
    }
    expect(unneeded).toEqual([]);
  });
});
