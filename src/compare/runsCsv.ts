import { csvCell } from '../measures/csvCell.js';
import { measuredRun } from './measuredRun.js';
import type { RunRecord } from './runRecord.js';

/** What every row begins with. */
const HEAD = ['preset', 'arm', 'pair', 'seed', 'prompt'] as const;

/** Every run as a row, with a column for each measure and moment: what other programs compute their own statistics from. */
export function runsCsv(records: readonly RunRecord[]): string {
  const runs = records.map(measuredRun);
  const columns = new Map<string, readonly [measure: string, moment: string]>();
  for (const { numbers } of runs) {
    for (const [measure, moments] of Object.entries(numbers)) {
      for (const moment of Object.keys(moments)) columns.set(`${measure}, ${moment}`, [measure, moment]);
    }
  }
  const rows = runs.map(({ record, numbers }) => [
    ...HEAD.map((name) => record[name]),
    ...Array.from(columns.values(), ([measure, moment]) => numbers[measure]?.[moment] ?? ''),
  ]);
  return [[...HEAD, ...columns.keys()], ...rows].map((row) => `${row.map(cell).join(',')}\n`).join('');
}

const cell = (value: string | number): string =>
  typeof value === 'number' ? String(Number(value.toPrecision(7))) : csvCell(value);
