import { describe, expect, test } from 'vitest';
import { Bootstrap } from '../../src/compare/bootstrap.js';
import { buildReport } from '../../src/compare/buildReport.js';
import { contrastOf } from '../../src/compare/contrast.js';
import { measuredRun } from '../../src/compare/measuredRun.js';
import { parseRecord, type RunRecord } from '../../src/compare/runRecord.js';
import { runsCsv } from '../../src/compare/runsCsv.js';
import { TorchGenerator } from '../../src/tensor/random.js';
import { madeRecord } from './support/madeRecords.js';

const prompts = Array.from({ length: 40 }, (_, index) => `prompt ${index}`);
const arms = [
  { name: 'baseline', options: '--no-trim', equalAtFirst: ['self-forcing'] },
  { name: 'tokentrim', options: '', equalAtFirst: ['self-forcing'] },
];

/** Two arms that differ by `shift` and by noise of size 0.5 a pair, over levels of prompts that differ by much more. */
function madeComparison(shift: number, seed: number): RunRecord[] {
  const random = new TorchGenerator(seed);
  const levels = random.randn(40);
  const noise = random.randn(40);
  return prompts.flatMap((prompt, index) => {
    const made = { prompt, seed: '0', sharpness: 10 * levels[index] };
    const moved = { ...made, arm: 'tokentrim', sharpness: made.sharpness + shift + 0.5 * noise[index] };
    return [madeRecord({ ...made, arm: 'baseline' }), madeRecord({ ...moved, again: [2], calls: 25 })];
  });
}

const differenceOf = (records: readonly RunRecord[]) => {
  const report = buildReport({ presets: ['self-forcing'], arms, records });
  return report.contrasts[0].differences.sharpness.last;
};

const resampling = new Bootstrap(prompts);
/** The same without the rest of a report, for what is asked many times. */
function quickDifferenceOf(records: readonly RunRecord[]) {
  const of = (arm: string) => records.filter((record) => record.arm === arm).map(measuredRun);
  const names = { arm: 'tokentrim', against: 'baseline' };
  return contrastOf('self-forcing', of('tokentrim'), of('baseline'), names, () => resampling).differences.sharpness
    .last;
}

describe('a comparison of known difference', () => {
  test('finds it, pair by pair: levels that differ ten times as much do not hide it', () => {
    const { mean, low, high, detectable, n, differing } = differenceOf(madeComparison(0.6, 1));
    expect(n).toBe(40);
    expect(differing).toBe(40);
    expect(mean).toBeGreaterThan(0.3);
    expect(low as number).toBeGreaterThan(0);
    expect(high as number).toBeLessThan(1);
    expect(detectable as number).toBeGreaterThan(0.15); // 2.8 of 0.5 / sqrt(40)
    expect(detectable as number).toBeLessThan(0.3);
  });

  // Of 120 comparisons in which nothing differs, 6 leave out 0 by chance; more than 15 do once in a thousand times.
  test('finds one that is not there about as often as it says', () => {
    const seeds = Array.from({ length: 120 }, (_, seed) => seed);
    const wrong = seeds.filter((seed) => {
      const { low, high } = quickDifferenceOf(madeComparison(0, 100 + seed));
      return (low as number) > 0 || (high as number) < 0;
    });
    expect(wrong.length).toBeLessThan(16);
    expect(wrong.length).toBeGreaterThan(0);
  });

  test('finds the difference that it says it could have shown in about 4 of 5', () => {
    const { detectable } = differenceOf(madeComparison(0, 7));
    const found = Array.from({ length: 60 }, (_, seed) =>
      quickDifferenceOf(madeComparison(detectable as number, 300 + seed)),
    );
    const share = found.filter(({ low }) => (low as number) > 0).length / found.length;
    expect(share).toBeGreaterThan(0.6);
    expect(share).toBeLessThan(0.95);
  });
});

test('means, interventions and calls are those that the records add up to', () => {
  const records = madeComparison(0.6, 3);
  const { results, contrasts, unequal } = buildReport({ presets: ['self-forcing'], arms, records });
  const [baseline, tokentrim] = results;
  const of = (arm: string) => records.filter((record) => record.arm === arm);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const sharpness = (record: RunRecord) => record.video?.measures.sharpness.last as number;
  expect(baseline).toMatchObject({ arm: 'baseline', n: 40, touched: 0, interventions: 0, blocks: 160 });
  expect(tokentrim).toMatchObject({ arm: 'tokentrim', n: 40, touched: 40, interventions: 40, blocks: 160 });
  expect(baseline.levels.sharpness.last.mean).toBeCloseTo(mean(of('baseline').map(sharpness)), 6);
  const less = of('tokentrim').map((record, index) => sharpness(record) - sharpness(of('baseline')[index]));
  expect(contrasts[0].differences.sharpness.last.mean).toBeCloseTo(mean(less), 6);
  expect(contrasts[0].differences.calls.whole).toMatchObject({ mean: 5, low: 5, high: 5 });
  expect(contrasts[0].differing).toBe(40);
  expect(unequal).toEqual([]);
  // Block 2 of 4 has severity 1 where it was generated again, else 2: over frames 1 less in a third of the severities.
  expect(contrasts[0].differences.severity.mean.mean).toBeCloseTo(-1 / 3, 6);
  expect(tokentrim.curves.sharpness.times).toHaveLength(12);
});

test('a pair that one arm has not finished is no pair', () => {
  const records = madeComparison(0.6, 3).filter(({ arm, prompt }) => arm === 'baseline' || prompt !== 'prompt 4');
  expect(differenceOf(records).n).toBe(39);
});

test('runs whose latents differ before anything was done to them are told of', () => {
  const records = madeComparison(0, 3);
  const [first] = records.filter(({ arm }) => arm === 'tokentrim');
  (first.blocks[1] as { latents: string }).latents = 'of another adapter';
  const { unequal } = buildReport({ presets: ['self-forcing'], arms, records });
  expect(unequal).toEqual([{ preset: 'self-forcing', arm: 'tokentrim', pair: 'prompt 0-0', block: 1 }]);
});

test('seeds of one prompt are drawn together, where there are prompts enough', () => {
  const records = ['0', '1'].flatMap((seed) =>
    madeComparison(0.6, 3).map((each) => ({ ...each, seed, pair: each.prompt + seed })),
  );
  const twice = differenceOf(records);
  const once = differenceOf(madeComparison(0.6, 3));
  expect(twice.n).toBe(80);
  expect(twice.error).toBeCloseTo(once.error as number, 10); // the same videos twice say no more than once
  expect(buildReport({ presets: ['self-forcing'], arms, records }).bootstrap.unit).toBe('prompts');
  const few = records.filter(({ prompt }) => Number(prompt.slice(7)) < 9);
  expect(buildReport({ presets: ['self-forcing'], arms, records: few }).bootstrap.unit).toBe('pairs');
});

test('the table of runs has every number of every run', () => {
  const records = madeComparison(0.6, 3);
  const [head, ...rows] = runsCsv(records).trimEnd().split('\n');
  const columns = head.match(/"[^"]*"|[^,]+/g) as string[];
  expect(rows).toHaveLength(80);
  const at = columns.indexOf('"sharpness, last"');
  expect(Number(rows[3].split(',')[at])).toBeCloseTo(records[3].video?.measures.sharpness.last as number, 5);
  expect(columns).toContain('"interventions, whole"');
});

test('a record goes through JSON; what is torn, or another version’s, is none', () => {
  const [record] = madeComparison(0, 1);
  const text = JSON.stringify(record);
  expect(parseRecord(text)).toEqual(record);
  expect(parseRecord(text.slice(0, -20))).toBeUndefined();
  expect(parseRecord('')).toBeUndefined();
  expect(parseRecord(JSON.stringify({ ...record, version: 0 }))).toBeUndefined();
  expect(parseRecord(JSON.stringify({ ...record, blocks: undefined }))).toBeUndefined();
});
