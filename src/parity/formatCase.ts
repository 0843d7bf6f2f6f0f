import type { DecisionReport } from './compareDecision.js';
import type { OutputReport } from './compareTensor.js';
import type { ParityCheck } from './kinds/input.js';
import type { CaseReport } from './runCase.js';

/** A case's report for people: a line for each output and check, TokenTrim's decisions side by side, then the verdict. */
export function formatCase(report: CaseReport): string {
  const names = [...report.outputs.map(({ name }) => name), ...report.checks.map(({ check }) => check)];
  const width = Math.max(0, ...names.map((name) => name.length));
  const lines = [`${report.case} (${report.kind}) on ${report.adapter}`];
  for (const output of report.outputs) lines.push(`  ${formatOutput(output, width)}`);
  for (const check of report.checks) lines.push(`  ${formatCheck(check, width)}`);
  if (report.decisions.length > 0) lines.push(...formatDecisions(report.decisions));
  if (report.skipped.length > 0) lines.push(`  not computed: ${summariseNames(report.skipped)}`);

  const forms = Object.entries(report.forms).map(([kernel, names]) => `${kernel} ${names.join(' and ')}`);
  if (forms.length > 0) lines.push(`  forms: ${forms.join(', ')}`);

  const broken =
    report.outputs.find(({ passed }) => !passed)?.name ?? report.checks.find(({ passed }) => !passed)?.check;
  const counts = summariseCounts(report);
  lines.push(report.passed ? `  passed: ${counts}` : `  FAILED: ${counts}${broken ? `; first broken: ${broken}` : ''}`);
  return `${lines.join('\n')}\n`;
}

function formatOutput({ name, maxError, tolerance, passed, breaksAt, note }: OutputReport, width: number): string {
  const line = `${passed ? 'ok  ' : 'FAIL'} ${name.padEnd(width)}  ${formatError(maxError)} / ${formatError(tolerance)}`;
  if (note) return `${line}  ${note}`;
  if (!breaksAt) return line;
  const { index, actual, expected } = breaksAt;
  return `${line}  first at [${index.join(', ')}]: ${actual}, expected ${expected}`;
}

function formatCheck({ check, passed, detail }: ParityCheck, width: number): string {
  return `${passed ? 'ok  ' : 'FAIL'} ${check.padEnd(width)}  ${detail}`;
}

/** Cases of files have checks alone, all others outputs and decisions. */
function summariseCounts({ outputs, checks, decisions }: CaseReport): string {
  const worst = outputs.reduce((largest, { maxError }) => Math.max(largest, maxError), 0);
  const compared = `${outputs.length} outputs, largest error ${formatError(worst)}, ${decisions.length} decisions`;
  if (checks.length === 0) return compared;
  const agreed = `${checks.filter(({ passed }) => passed).length} of ${checks.length} checks`;
  return outputs.length + decisions.length === 0 ? agreed : `${compared}, ${agreed}`;
}

function formatDecisions(decisions: readonly DecisionReport[]): string[] {
  const number = (value: number | null | undefined) => (value === null || value === undefined ? '-' : value.toFixed(4));
  const header = '  block  severity here / expected    triggered   after here / expected     unstable';
  const rows = decisions.map(({ block, equal, differs, actual, expected }) => {
    const severity = `${number(actual.severity)} / ${number(expected?.severity)}`.padEnd(24);
    const triggered = `${actual.triggered} / ${expected?.triggered ?? '-'}`.padEnd(14);
    const after = `${number(actual.severityAfter)} / ${number(expected?.severityAfter)}`.padEnd(24);
    const verdict = equal ? '' : `  DIFFERS: ${differs.join(', ')}`;
    return `  ${String(block).padStart(5)}  ${severity}  ${triggered}  ${after}  ${actual.unstable?.join(' ') ?? '-'}${verdict}`;
  });
  return [header, ...rows];
}

const formatError = (value: number) => (value === 0 ? '0' : value.toExponential(1));

function summariseNames(names: readonly string[]): string {
  const shown = names.slice(0, 4).join(', ');
  return names.length > 4 ? `${shown} and ${names.length - 4} more` : shown;
}
