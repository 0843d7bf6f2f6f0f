import { join } from 'node:path';
import type { ComparisonReport } from '../../compare/comparisonReport.js';
import type { RunRecord } from '../../compare/runRecord.js';
import { runsCsv } from '../../compare/runsCsv.js';
import { writeWhole } from './runFiles.js';

/**
 * Writes what a comparison says, beside its runs: `report.json` and `runs.csv`.
 * @throws TokenTrimError where they cannot be written
 */
export async function writeReport(
  folder: string,
  report: ComparisonReport,
  records: readonly RunRecord[],
): Promise<void> {
  await writeWhole(join(folder, 'report.json'), `${JSON.stringify(report, rounded, 1)}\n`);
  await writeWhole(join(folder, 'runs.csv'), runsCsv(records));
}

/** Six digits: resampling decides the third. */
function rounded(_: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value;
}
