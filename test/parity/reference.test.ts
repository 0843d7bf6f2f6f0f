import { expect, test } from 'vitest';
import { referenceDevice } from '../support/device.js';
import { explain, runFixture } from '../support/goldens.js';

// The float64 twins against PyTorch's float32: what is left is the rounding of the reference itself.
test.each([
  'dit-bidirectional',
  'dit-causal-kv-local',
  'dit-input-gradient',
  'rolling-forcing-short',
  'schedulers',
  'tiny-vae',
  'self-forcing-rollout-i2v',
  'tokentrim-self-forcing-global',
  'vae-encode',
])('%s, in the twins', async (name) => {
  const report = await runFixture(name, referenceDevice);
  expect(report.tolerance).toBe(1e-5);
  expect(report.passed, explain(report)).toBe(true);
});

// Guidance multiplies the recording's own rounding: the latents are made of 6 and 5 times its two predictions.
test('wan-t2v-sampling, in the twins', async () => {
  const report = await runFixture('wan-t2v-sampling', referenceDevice);
  expect(report.tolerance).toBe(5e-5);
  expect(report.passed, explain(report)).toBe(true);
  const exact = report.outputs.filter(({ name }) => name.includes('flow_') || name.includes('timesteps'));
  expect(exact).toHaveLength(4);
  for (const { maxError } of exact) expect(maxError).toBeLessThan(1e-5);
});
