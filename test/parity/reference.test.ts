import { expect, test } from 'vitest';
import { referenceDevice } from '../support/device.js';
import { explain, runFixture } from '../support/goldens.js';

// The float64 twins against PyTorch's float32: what is left is the rounding of the reference itself.
test.each([
  'dit-causal-kv-local',
  'rolling-forcing-short',
  'schedulers',
  'self-forcing-rollout-i2v',
  'tokentrim-self-forcing-global',
])('%s, in the twins', async (name) => {
  const report = await runFixture(name, referenceDevice);
  expect(report.tolerance).toBe(1e-5);
  expect(report.passed, explain(report)).toBe(true);
});
