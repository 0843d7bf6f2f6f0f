import type { ComparisonReport } from './comparisonReport.js';

/** What stands in the page of comparisons where the report goes. */
export const COMPARISON_PLACE = '<script type="application/json" id="comparison"></script>';

/**
 * Puts a report into the page of comparisons (dist/viewer/comparison.html), which then needs nothing else.
 * @throws where the page has no place for one
 */
export function fillComparison(page: string, report: ComparisonReport): string {
  const at = page.indexOf(COMPARISON_PLACE);
  if (at < 0) throw new Error('this page has no place for a comparison: build it again');
  const json = JSON.stringify(report, rounded).replaceAll('<', '\\u003c'); // no prompt can end the element
  const [head, tail] = ['<script type="application/json" id="comparison">', '</script>'];
  return page.slice(0, at) + head + json + tail + page.slice(at + COMPARISON_PLACE.length);
}

/** Six digits, for JSON: resampling decides the third. */
export function rounded(_: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value;
}
