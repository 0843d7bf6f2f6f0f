import type { ComparisonReport } from './comparisonReport.js';
import type { MeasuredRun } from './measuredRun.js';

/**
 * Pairs whose latents are not those of the baseline before the first block that either generated again: of runs that
 * differ in their policy alone there are none, on one adapter.
 */
export function equalUntilTrigger(
  runs: readonly MeasuredRun[],
  baseline: readonly MeasuredRun[],
): ComparisonReport['unequal'] {
  const byPair = new Map(baseline.map(({ record }) => [record.pair, record.blocks]));
  return runs.flatMap(({ record: { preset, arm, pair, blocks } }) => {
    const others = byPair.get(pair);
    if (!others) return [];
    const isAgain = (index: number) => blocks[index].attempts > 1 || others[index].attempts > 1;
    const first = blocks.findIndex((block, index) => isAgain(index) || block.latents !== others[index]?.latents);
    return first < 0 || isAgain(first) ? [] : [{ preset, arm, pair, block: first }];
  });
}
