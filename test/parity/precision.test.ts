import { describe, expect, test } from 'vitest';
import type { CaseReport } from '../../src/parity/runCase.js';
import { device } from '../support/device.js';
import { runFixture } from '../support/goldens.js';
import { HELD_IN_FEWER_BITS } from '../support/tolerance.js';

// What holding weights, keys and values in 16 or 8 bits costs against the official PyTorch code in float32: the figures of
// docs/PARITY.md. `tokentrim parity --dtype ... --kv-dtype ...` prints them.
const cases = [
  'dit-causal-kv',
  'rolling-forcing-rollout',
  'tokentrim-self-forcing-sink',
  'tokentrim-rolling-forcing',
  'umt5',
  'vae-decode',
  'tiny-vae',
];

const HAS_CACHE = /kv|forcing/;

/** What a case is for, and not what it passes through: latents, flows, embeddings and pixels, no cached keys. */
const largestError = ({ outputs }: CaseReport) =>
  Math.max(...outputs.filter(({ name }) => !/cache_|cross_/.test(name)).map(({ maxError }) => maxError));

describe.each([
  { weights: 'f32', keys: 'f16' },
  { weights: 'f32', keys: 'bf16' },
  { weights: 'f16', keys: 'f16' },
  { weights: 'bf16', keys: 'f16' },
  { weights: 'f32', keys: 'i8' },
  { weights: 'f16', keys: 'i8' },
] as const)('weights in $weights, keys and values in $keys', ({ weights, keys }) => {
  // What has no cache is the same in 8 bits.
  test.each(cases.filter((name) => keys !== 'i8' || HAS_CACHE.test(name)))('%s', async (name) => {
    const report = await runFixture(name, device, undefined, undefined, { weights, keys });
    const { least, most } = HELD_IN_FEWER_BITS[`${weights} ${keys}`];
    const isTouched = weights !== 'f32' || HAS_CACHE.test(name);
    expect(largestError(report)).toBeLessThan(isTouched ? most : 1e-4);
    // A type that was not used would agree as closely as float32 does.
    if (isTouched) expect(largestError(report)).toBeGreaterThan(least);
    for (const { actual, expected } of report.decisions) {
      expect(actual.triggered).toBe(expected?.triggered);
      expect(actual.unstable).toEqual(expected?.unstable ?? null);
      expect(actual.rowsKept).toEqual(expected?.rowsKept);
    }
    expect(report.skipped).toEqual([]);
  });
});
