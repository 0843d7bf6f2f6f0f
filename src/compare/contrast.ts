import { type BootstrapOf, overMoments } from './armResult.js';
import type { Contrast, Difference } from './comparisonReport.js';
import type { MeasuredRun } from './measuredRun.js';
import { normalQuantile } from './normal.js';

/** How often a difference is to be found that is there, for the least one that a comparison could have shown. */
const POWER = 0.8;

/** Standard errors of the least difference that is told from none at 95% in so many of all comparisons. */
const DETECTABLE_ERRORS = normalQuantile(0.975) + normalQuantile(POWER);

/** The differences of two arms, pair by pair: what both have of a pair's measures. */
export function contrastOf(
  preset: string,
  runs: readonly MeasuredRun[],
  others: readonly MeasuredRun[],
  names: Pick<Contrast, 'arm' | 'against'>,
  bootstrapOf: BootstrapOf,
): Contrast {
  const byPair = new Map(others.map((run) => [run.record.pair, run]));
  const paired = runs.filter(({ record }) => byPair.has(record.pair));
  const other = ({ record }: MeasuredRun) => byPair.get(record.pair) as MeasuredRun;
  const latentsOf = ({ record }: MeasuredRun) => record.blocks.map(({ latents }) => latents).join();
  const less = paired.map((run) => ({ ...run, numbers: subtracted(run.numbers, other(run).numbers) }));
  return {
    ...{ preset, ...names, n: paired.length },
    differing: paired.filter((run) => latentsOf(run) !== latentsOf(other(run))).length,
    differences: overMoments(less, (values, some): Difference => {
      const estimate = bootstrapOf(some).mean(values);
      const detectable = estimate.error === null ? null : DETECTABLE_ERRORS * estimate.error;
      return { ...estimate, differing: values.filter((value) => value !== 0).length, detectable };
    }),
  };
}

function subtracted(left: MeasuredRun['numbers'], right: MeasuredRun['numbers']): MeasuredRun['numbers'] {
  const measures = Object.entries(left).map(([measure, moments]) => {
    const both = Object.entries(moments).filter(([moment]) => right[measure]?.[moment] !== undefined);
    return [measure, Object.fromEntries(both.map(([moment, value]) => [moment, value - right[measure][moment]]))];
  });
  return Object.fromEntries(measures);
}
