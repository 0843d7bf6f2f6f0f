import { join } from 'node:path';
import type { ComparisonReport } from '../../compare/comparisonReport.js';
import { fillComparison, rounded } from '../../compare/fillComparison.js';
import type { RunRecord } from '../../compare/runRecord.js';
import { runsCsv } from '../../compare/runsCsv.js';
import { COMPARISON_PAGE, markedPage, readViewer } from '../trace/viewerPage.js';
import { writeWhole } from './runFiles.js';

/**
 * Writes what a comparison says, beside its runs: `report.json`, `runs.csv`, and `report.html` last.
 * @param template the page; by default the one that the build made
 * @throws TokenTrimError where they cannot be written, or the page was not built
 */
export async function writeReport(
  folder: string,
  report: ComparisonReport,
  records: readonly RunRecord[],
  template = COMPARISON_PAGE,
): Promise<void> {
  await writeWhole(join(folder, 'report.json'), `${JSON.stringify(report, rounded, 1)}\n`);
  await writeWhole(join(folder, 'runs.csv'), runsCsv(records));
  const page = fillComparison(await readViewer(template), report);
  await writeWhole(join(folder, 'report.html'), markedPage(page));
}
