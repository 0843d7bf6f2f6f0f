import { expect, test } from 'vitest';
import { device } from '../support/device.js';
import { explain, fixtureNames, runFixture } from '../support/goldens.js';

// What the official PyTorch modules computed: the DiT call by call, umT5, the VAE's decoder, tables and random numbers.
const models = fixtureNames.filter((name) => !/rollout|rolling|tokentrim/.test(name));

test('the fixtures cover every part', () => {
  expect(models).toEqual([
    'dit-causal-kv',
    'dit-causal-kv-local',
    'rope',
    'schedulers',
    'torch-randn',
    'umt5',
    'vae-cached-decode',
    'vae-decode',
  ]);
});

test.each(models)('%s', async (name) => {
  const report = await runFixture(name, device);
  expect(report.passed, explain(report)).toBe(true);
  expect(report.outputs.length).toBeGreaterThan(0);
  expect(report.skipped).toEqual([]);
});
