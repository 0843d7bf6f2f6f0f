import type { Plan } from '../pipelines/plan.js';
import type { Device } from '../tensor/device.js';
import type { Decision } from '../tokentrim/policy.js';

/** A block in the output of `--json`; null where there is no such value. */
export interface BlockRow {
  readonly index: number;
  readonly severity: number | null;
  readonly mean: number | null;
  readonly std: number | null;
  readonly threshold: number | null;
  readonly triggered: boolean;
  readonly unstable: readonly number[] | null;
  readonly severityAfter: number | null;
  readonly attempts: number;
  readonly seconds: number;
}

export function blockRow(decision: Decision, seconds: number): BlockRow {
  const { block: index, severity, mean, std, threshold, triggered, unstable, severityAfter, attempts } = decision;
  return { index, severity, mean, std, threshold, triggered, unstable, severityAfter, attempts, seconds };
}

/** What the progress bar says of the newest block. */
export function blockNote(row: BlockRow | undefined): string {
  if (!row || row.severity === null) return '';
  const severity = `severity ${row.severity.toFixed(2)}`;
  if (!row.triggered) return severity;
  return `${severity} > ${row.threshold?.toFixed(2)}, trimmed to ${row.severityAfter?.toFixed(2)}`;
}

/** Denoising calls of a rollout in which nothing triggers. */
export function callCount(plan: Plan): number {
  const blocks = plan.frames / plan.framesPerBlock;
  return plan.preset === 'rolling-forcing' ? blocks + plan.steps.length - 1 : blocks * plan.steps.length;
}

/** Time of every kernel, the slowest first. */
export async function kernelTable(device: Device): Promise<string> {
  const times = await device.kernelTimes();
  if (times.length === 0) return 'no kernel times: this adapter has no timestamp queries\n';
  const total = times.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const rows = times.map(({ kernel, calls, milliseconds }) => {
    const share = `${((100 * milliseconds) / total).toFixed(1)}%`;
    return `${kernel.padEnd(16)}${String(calls).padStart(8)}${milliseconds.toFixed(1).padStart(12)}${share.padStart(8)}`;
  });
  return `${'kernel'.padEnd(16)}${'calls'.padStart(8)}${'ms'.padStart(12)}${'share'.padStart(8)}\n${rows.join('\n')}\n`;
}
