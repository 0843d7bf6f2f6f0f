import { expect, test } from 'vitest';
import { device } from '../support/device.js';
import { explain, fixtureNames, runFixture } from '../support/goldens.js';

// What the official PyTorch pipelines computed from recorded noise, call by call: all six Self Forcing and all three
// Rolling Forcing cases, and TokenTrim around both.
const rollouts = fixtureNames.filter((name) => /rollout|rolling|tokentrim/.test(name));

test('the fixtures cover both rollouts, with and without TokenTrim', () => {
  expect(rollouts.filter((name) => name.startsWith('self-forcing'))).toHaveLength(6);
  expect(rollouts.filter((name) => name.startsWith('rolling-forcing'))).toHaveLength(3);
  expect(rollouts.filter((name) => name.startsWith('tokentrim'))).toHaveLength(6);
});

test.each(rollouts)('%s', async (name) => {
  const report = await runFixture(name, device);
  expect(report.passed, explain(report)).toBe(true);
  expect(report.outputs.map((output) => output.name)).toContain('latents');
  if (name.startsWith('tokentrim')) {
    expect(report.decisions.some(({ actual }) => actual.triggered)).toBe(true);
  }
});
