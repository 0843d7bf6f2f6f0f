import { sameShape } from '../tensor/shape.js';
import type { ParityOutput } from './kinds/input.js';

/** How one output compared. */
export interface OutputReport {
  readonly name: string;
  readonly shape: readonly number[];
  /** Infinity where a value is not a number or the shapes differ. */
  readonly maxError: number;
  readonly tolerance: number;
  readonly passed: boolean;
  /** The first element past the tolerance: its index on every axis, and both values. */
  readonly breaksAt?: { readonly index: readonly number[]; readonly actual: number; readonly expected: number };
  /** What else is wrong. */
  readonly note?: string;
}

export function compareTensor(
  { name, actual, shape }: ParityOutput,
  expected: { values: Float64Array; shape: readonly number[] },
  tolerance: number,
): OutputReport {
  if (!sameShape(shape, expected.shape)) {
    const note = `shape [${shape.join(', ')}], expected [${expected.shape.join(', ')}]`;
    return { name, shape, maxError: Number.POSITIVE_INFINITY, tolerance, passed: false, note };
  }
  let maxError = 0;
  let first = -1;
  for (let index = 0; index < expected.values.length; index++) {
    const distance = Math.abs(actual[index] - expected.values[index]);
    const error = Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance;
    if (error > tolerance && first < 0) first = index;
    if (error > maxError) maxError = error;
  }
  if (first < 0) return { name, shape, maxError, tolerance, passed: true };
  const breaksAt = { index: unravel(first, shape), actual: actual[first], expected: expected.values[first] };
  return { name, shape, maxError, tolerance, passed: false, breaksAt };
}

/** A flat index as one index an axis. */
function unravel(flat: number, shape: readonly number[]): number[] {
  const index: number[] = [];
  let rest = flat;
  for (const size of [...shape].reverse()) {
    index.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return index;
}
