import { expect, test } from 'vitest';
import { device } from '../support/device.js';
import { explain, fixtureNames, runFixture } from '../support/goldens.js';

// What the official PyTorch modules computed: both DiTs call by call, gradients, the bidirectional one from noise to latents, umT5, both
// halves of the VAE, tables, solvers and random numbers.
// Kinds that compare files of their own are in files.test.ts.
const models = fixtureNames.filter((name) => !/rollout|rolling|tokentrim|checkpoints|sentencepiece/.test(name));

test('the fixtures cover every part', () => {
  expect(models).toEqual([
    'dit-bidirectional',
    'dit-causal-kv',
    'dit-causal-kv-local',
    'dit-input-gradient',
    'rope',
    'schedulers',
    'tiny-vae',
    'torch-randn',
    'umt5',
    'vae-cached-decode',
    'vae-decode',
    'vae-encode',
    'wan-t2v-sampling',
  ]);
});

test.each(models)('%s', async (name) => {
  const report = await runFixture(name, device);
  expect(report.passed, explain(report)).toBe(true);
  expect(report.outputs.length).toBeGreaterThan(0);
  expect(report.skipped).toEqual([]);
});
