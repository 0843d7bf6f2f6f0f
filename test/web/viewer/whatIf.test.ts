import { describe, expect, test } from 'vitest';
import { RunningStatistics, severity, unstableTokens } from '../../../src/tokentrim/severity.js';
import { driftRefs, mapsOf, remeasured, whatIf, whatIfWords } from '../../../web/viewer/logic/whatIf.js';
import { madeTrace } from '../support/madeTrace.js';
import { runOf } from './support.js';

const MADE = { blocks: 12, jumps: [4, 8], seed: 6, side: 0 };
const all = runOf(MADE).facts;
const { tensors } = madeTrace(MADE);
const maps = new Map([...tensors].map(([file, [{ values }]]) => [file, values]));

describe('another p', () => {
  test('the run’s own gives what the run measured', () => {
    const again = remeasured(all, 0.1, mapsOf(maps));
    for (const [index, { severity: value, mean, std }] of again.entries()) {
      for (const [found, known] of [
        [value, all[index].severity],
        [mean, all[index].mean],
        [std, all[index].std],
      ]) {
        if (known === null) expect(found).toBeNull();
        else expect(found).toBeCloseTo(known as number, 9);
      }
    }
    expect(driftRefs(all)).toHaveLength(11 + 2); // all but block 0, and two second tries
  });

  test.each([0.05, 0.3, 1])('%f gives what the method would have measured of the same tries', (fraction) => {
    const statistics = new RunningStatistics();
    const measure = (drift: Float32Array) => severity(drift, unstableTokens(drift, fraction));
    for (const facts of remeasured(all, fraction, mapsOf(maps))) {
      const { first, kept } = mapsOf(maps)(facts);
      if (!first || !kept) continue;
      expect(facts.severity).toBe(measure(first));
      if (statistics.count > 0) {
        expect(facts.mean).toBeCloseTo(statistics.mean, 9);
        expect(facts.std).toBeCloseTo(statistics.std, 9);
      }
      statistics.add(measure(kept));
    }
    expect(statistics.count).toBe(11);
  });

  test('from a map that is not there on, nothing is claimed', () => {
    const holed = new Map(maps);
    holed.delete('drift/0006.0.safetensors');
    const made = remeasured(all, 0.3, mapsOf(holed));
    expect(made[6].severity).toBeNull();
    expect(made.slice(7).every(({ mean, std }) => mean === null && std === null)).toBe(true);
    const words = whatIfWords(whatIf(made, 2, 0), all, { fraction: 0.3, unknown: 1 });
    expect(words).toMatch(/^With λ = 0 and p = 0\.3, /);
    expect(words).toMatch(/Of 1 block the maps are not in the trace: they are left out\.$/);
    expect(whatIf(made, 2, 0).more.every((index) => index < 6)).toBe(true);
  });

  test('the first block that is made again parts the runs: another set is pruned', () => {
    const result = whatIf(remeasured(all, 0.3, mapsOf(maps)), 2, 2);
    const first = Math.min(...result.more, ...result.fewer, ...result.same);
    expect(whatIfWords(result, all, { fraction: 0.3 })).toContain(
      `From block ${first} on the run itself would have gone`,
    );
  });
});

test('another warm-up: severities are the run’s, and earlier blocks are asked', () => {
  const result = whatIf(all, 0, 0);
  const above = all.filter(({ severity: value, mean }) => value !== null && mean !== null && value > mean);
  expect([...result.more, ...result.same].sort((a, b) => a - b)).toEqual(above.map(({ index }) => index));
  const [earliest] = all.flatMap(({ mean, index }) => (mean === null ? [] : [index]));
  expect(earliest).toBe(2);
  expect(whatIfWords(result, all, { warmup: 0 })).toMatch(/^With λ = 0 and a warm-up of 0 blocks, /);
  expect(whatIf(all, 99, 0)).toMatchObject({ more: [], same: [] });
});
