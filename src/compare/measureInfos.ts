import { MEASURES } from '../measures/measures.js';
import type { MeasureInfo } from '../measures/videoMeasures.js';
import { type MeasuredRun, RUN_MEASURES } from './measuredRun.js';

/** What is known of the measures that runs have, in the order in which reports show them. */
export function measureInfos(runs: readonly MeasuredRun[]): Record<string, MeasureInfo> {
  const known: Record<string, MeasureInfo> = { ...RUN_MEASURES, ...MEASURES };
  const there = new Set(runs.flatMap(({ numbers }) => Object.keys(numbers)));
  const shown = Object.entries(known).filter(([name]) => there.has(name));
  return Object.fromEntries(shown.map(([name, { title, unit, better }]) => [name, { title, unit, better }]));
}
