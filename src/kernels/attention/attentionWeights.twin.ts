import type { NdArray } from 'ndarray';
import type { KeyColumns } from './attentionWeights.js';

type Values = NdArray<Float64Array>;

/** Which columns of a line are keys'. */
function columnsOf({ rowCount, ownColumn, ownCount }: KeyColumns): number[] {
  const from = (first: number, count: number) => Array.from({ length: count }, (_, j) => first + j);
  return [...from(0, rowCount), ...from(ownColumn, ownCount)];
}

/** Float64 twin of `attentionWeights.wgsl` and `attentionWeights.subgroup.wgsl`, in place: s [any], lines of columns. */
export function attentionWeights(s: Values, lines: number, keys: KeyColumns, scale: number): Values {
  const taken = columnsOf(keys);
  for (let line = 0; line < lines; line++) {
    const row = s.data.subarray(line * keys.columns, (line + 1) * keys.columns);
    const largest = taken.reduce((most, column) => Math.max(most, row[column] * scale), Number.NEGATIVE_INFINITY);
    const weights = taken.map((column) => Math.exp(row[column] * scale - largest));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    row.fill(0);
    taken.forEach((column, j) => {
      row[column] = weights[j] / total;
    });
  }
  return s;
}

/** Float64 twin of `scoreGradient.wgsl` and `scoreGradient.subgroup.wgsl`, in place: g and p [any], lines of columns. */
export function scoreGradient(g: Values, p: Values, lines: number, keys: KeyColumns, scale: number): Values {
  const taken = columnsOf(keys);
  for (let line = 0; line < lines; line++) {
    const first = line * keys.columns;
    const mean = taken.reduce((sum, column) => sum + p.data[first + column] * g.data[first + column], 0);
    const gradient = taken.map((column) => p.data[first + column] * (g.data[first + column] - mean) * scale);
    g.data.fill(0, first, first + keys.columns);
    taken.forEach((column, j) => {
      g.data[first + column] = gradient[j];
    });
  }
  return g;
}
