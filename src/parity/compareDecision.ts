import type { ParityDecision } from './kinds/input.js';

/** An entry of a case's `events`: what TokenTrim decided for a block in the reference run. */
export interface ExpectedEvent {
  readonly block: number;
  readonly triggered: boolean;
  readonly severity?: number;
  readonly mean?: number;
  readonly std?: number;
  readonly unstable?: readonly number[];
  readonly statistics_count?: number;
  readonly severity_after?: number;
  readonly rows_kept_layer0?: readonly number[];
}

/** Both sides of one decision. Severities and statistics are compared within the tolerance, all else exactly. */
export interface DecisionReport {
  readonly block: number;
  readonly equal: boolean;
  readonly differs: readonly string[];
  readonly actual: Side;
  readonly expected: Side | null;
}

interface Side {
  readonly triggered: boolean;
  readonly severity: number | null;
  readonly mean: number | null;
  readonly std: number | null;
  readonly unstable: readonly number[] | null;
  readonly severityAfter: number | null;
  readonly rowsKept: readonly number[];
}

export function compareDecision(
  { decision, rowsKept }: ParityDecision,
  event: ExpectedEvent | undefined,
  tolerance: number,
): DecisionReport {
  const { block, triggered, severity, mean, std, unstable, severityAfter } = decision;
  const actual: Side = { triggered, severity, mean, std, unstable, severityAfter, rowsKept };
  if (!event) return { block, equal: false, differs: ['no such block in the case'], actual, expected: null };
  // The reference writes 0 for statistics that do not exist yet.
  const hasStatistics = (event.statistics_count ?? 0) > 0;
  const expected: Side = {
    triggered: event.triggered,
    severity: event.severity ?? null,
    mean: hasStatistics ? (event.mean ?? null) : null,
    std: hasStatistics ? (event.std ?? null) : null,
    unstable: event.unstable ?? null,
    severityAfter: event.severity_after ?? null,
    rowsKept: event.rows_kept_layer0 ?? rowsKept,
  };
  const near = (left: number | null, right: number | null) =>
    left === right || (left !== null && right !== null && Math.abs(left - right) <= tolerance);
  const differs = (Object.keys(expected) as (keyof Side)[]).filter((field) => {
    const [left, right] = [actual[field], expected[field]];
    if (typeof left === 'number' || typeof right === 'number') return !near(left as number, right as number);
    return String(left) !== String(right);
  });
  return { block, equal: differs.length === 0, differs, actual, expected };
}
