import type { Bootstrap, Estimate } from './bootstrap.js';
import type { ArmResult, Curve } from './comparisonReport.js';
import type { MeasuredRun } from './measuredRun.js';
import type { Moment } from './moments.js';

/** Finds the resampling of some runs. */
export type BootstrapOf = (runs: readonly MeasuredRun[]) => Bootstrap;

/** The mean of every number of an arm's runs, and its measures over time. */
export function resultOf(
  preset: string,
  arm: string,
  runs: readonly MeasuredRun[],
  bootstrapOf: BootstrapOf,
): ArmResult {
  const blocks = runs.flatMap(({ record }) => record.blocks);
  const triggered = (some: typeof blocks) => some.filter(({ attempts }) => attempts > 1).length;
  return {
    ...{ preset, arm, n: runs.length, blocks: blocks.length, interventions: triggered(blocks) },
    touched: runs.filter(({ record }) => triggered([...record.blocks]) > 0).length,
    levels: overMoments(runs, (values, some) => bootstrapOf(some).mean(values)),
    curves: Object.fromEntries(namesOf(runs, 'curves').map((name) => [name, curveOf(name, runs, bootstrapOf)])),
  };
}

/** A value of every measure and moment that some runs have. */
export function overMoments<Value>(
  runs: readonly MeasuredRun[],
  make: (values: number[], runs: readonly MeasuredRun[], measure: string, moment: Moment) => Value,
): Record<string, Record<Moment, Value>> {
  const measures = namesOf(runs, 'numbers').map((measure) => {
    const moments = [...new Set(runs.flatMap(({ numbers }) => Object.keys(numbers[measure] ?? {})))];
    const values = moments.map((moment) => {
      const some = runs.filter(({ numbers }) => numbers[measure]?.[moment] !== undefined);
      const found = some.map(({ numbers }) => numbers[measure][moment]);
      return [moment, make(found, some, measure, moment)] as const;
    });
    return [measure, Object.fromEntries(values)] as const;
  });
  return Object.fromEntries(measures);
}

function namesOf(runs: readonly MeasuredRun[], part: 'numbers' | 'curves'): string[] {
  return [...new Set(runs.flatMap((run) => Object.keys(run[part])))];
}

function curveOf(name: string, runs: readonly MeasuredRun[], bootstrapOf: BootstrapOf): Curve {
  const some = runs.filter(({ curves }) => curves[name]);
  const { times } = some[0].curves[name];
  const at = times.map((_, index): Estimate | null => {
    const there = some.filter(({ curves }) => typeof curves[name].values[index] === 'number');
    if (there.length === 0) return null;
    return bootstrapOf(there).mean(there.map(({ curves }) => curves[name].values[index] as number));
  });
  const part = (key: 'mean' | 'low' | 'high') => at.map((estimate) => estimate?.[key] ?? null);
  return { times, mean: part('mean'), low: part('low'), high: part('high') };
}
