const COLUMNS = [46, 12, 18, 10, 10, 13];

const row = (cells) =>
  cells.map((cell, at) => (at === 0 ? cell.padEnd(COLUMNS[0]) : cell.padStart(COLUMNS[at]))).join('');

/** What was measured, and the table's first line. */
export function heading(adapter, onProcessor) {
  const clock = onProcessor
    ? "time of the driver's worker threads"
    : 'wall-clock time, the wait for the adapter included';
  const columns = row(['', 'median ms', 'min .. max', 'GFLOP/s', 'x ours', 'difference']);
  return `${adapter}, ${clock}\n\n${columns}`;
}

/** A work's name, then a line for each form. */
export function lines({ work, operations, rows }) {
  const table = rows.map(({ runtime, form, seconds: { median, min, max }, ratio, difference, same, flaw }) => {
    const speed = operations ? (operations / median / 1e9).toFixed(1) : '';
    const spread = `${milliseconds(min)} .. ${milliseconds(max)}`;
    const cells = [milliseconds(median), spread, speed, ratio.toFixed(2), difference?.toExponential(1) ?? ''];
    return row([`  ${runtime}: ${form}`, ...cells]) + (same ? '' : `  WRONG ${flaw ?? ''}`);
  });
  return [work, ...table, ''].join('\n');
}

const milliseconds = (seconds) => (seconds * 1e3).toFixed(seconds < 0.1 ? 2 : 0);
