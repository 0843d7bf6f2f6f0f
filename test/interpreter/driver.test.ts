import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { InterpreterDevice } from '../../src/interpreter/interpreterDevice.js';
import { subgroupSize } from '../../src/kernels/forms/form.js';
import { kernelText } from '../../src/node/kernelTexts.js';
import { openDevice } from '../../src/node/openDevice.js';
import { expectAllClose } from '../support/allclose.js';
import { CASES, toleranceOf } from './support/kernelCases.js';
import { valuesOf } from './support/runCase.js';

// The same kernels on the same inputs in the interpreter and on a driver, with subgroups of the driver's size.

const adapter = process.env.TOKENTRIM_ADAPTER || undefined;
const driver = await openDevice({ adapter });
afterAll(() => driver.close());

const lanes = subgroupSize(driver);
const here = new InterpreterDevice(kernelText, { subgroups: lanes });
const runsOnDriver = CASES.filter(({ setup }) => !setup || (lanes > 0 && !setup.matrices));

describe.skipIf(driver.kind !== 'gpu')('the interpreter and this adapter', () => {
  test.each(runsOnDriver.map((one) => ({ ...one, name: one.kernels.join(', ') })))('agree on $name', async (one) => {
    const [problem] = fc.sample(one.problems, { numRuns: 1, seed: 7 });
    const [found, expected] = [await valuesOf(problem, here), await valuesOf(problem, driver)];
    expect(found.some((value) => value !== 0)).toBe(true);
    expectAllClose(found, expected, toleranceOf(one), 'interpreter against driver');
  });
});
