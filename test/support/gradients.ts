import { expect } from 'vitest';
import { gradientOf } from '../../src/kernels/gradient/gradientOf.js';
import type { Device } from '../../src/tensor/device.js';
import { elementCount, type Shape } from '../../src/tensor/shape.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { maxDifference } from './allclose.js';
import { referenceDevice } from './device.js';
import { DIFFERENCES_TOLERANCE } from './tolerance.js';
import { expectTwin, normal } from './twins.js';

/** A function whose gradient is looked at: its input, and what it makes of it; the rest it makes on the input's device. */
export interface GradientProblem {
  readonly shape: Shape;
  readonly seed: number;
  readonly body: (x: Tensor) => Tensor;
  /** Values of the input; normal ones where absent. */
  readonly values?: ArrayLike<number>;
}

const valuesOf = ({ values, seed, shape }: GradientProblem) => values ?? normal(seed, elementCount(shape));

/** The number whose gradient is taken: the sum of what `body` makes, each value times a random one. */
const weightsOf = (seed: number, size: number) => normal(seed + 1_000_000, size);

/** The gradient as the tape finds it. */
export function gradient(problem: GradientProblem, on: Device): Tensor {
  const x = on.upload(Float64Array.from(valuesOf(problem)), problem.shape);
  const cotangentOf = (value: Tensor) => on.upload(weightsOf(problem.seed, value.size), value.shape);
  return gradientOf(x, problem.body, cotangentOf).gradient;
}

/** Half of the distance of two points that a derivative is measured between. */
const STEP = 1e-5;

/**
 * The gradient in the twins must be what central differences of the twin of the function itself show, at a few of the input's
 * entries and along a random line through all of them; and the device's must be that of the twins.
 */
export async function expectGradient(problem: GradientProblem, tolerance?: number): Promise<void> {
  const exact = referenceDevice.scope(() => gradient(problem, referenceDevice));
  const slopes = exact.host.data.slice();
  exact.dispose();
  const along = Array.from({ length: 4 }, (_, entry) => {
    const line = new Float64Array(slopes.length);
    line[Math.floor((entry * slopes.length) / 4)] = 1;
    return line;
  });
  along.push(Float64Array.from(normal(problem.seed + 2, slopes.length)));
  const largest = slopes.reduce((most, slope) => Math.max(most, Math.abs(slope)), 1e-3);
  for (const line of along) {
    const told = slopes.reduce((sum, slope, index) => sum + slope * line[index], 0);
    const size = largest * Math.max(1, Math.hypot(...line));
    expect(Math.abs(told - slopeAlong(problem, line)) / size).toBeLessThanOrEqual(DIFFERENCES_TOLERANCE);
  }
  await expectTwin((on) => gradient(problem, on), tolerance);
}

function slopeAlong(problem: GradientProblem, line: Float64Array): number {
  const at = (distance: number) => {
    const values = Float64Array.from(valuesOf(problem), (value, index) => value + distance * line[index]);
    return referenceDevice.scope(() => {
      const value = problem.body(referenceDevice.upload(values, problem.shape));
      const weights = weightsOf(problem.seed, value.size);
      return value.host.data.reduce((sum, each, index) => sum + each * weights[index], 0);
    });
  };
  return (at(STEP) - at(-STEP)) / (2 * STEP);
}

/** The largest difference of two gradients, relative to the largest entry of the second. */
export function relativeDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  const largest = Array.from(expected).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return maxDifference(actual, expected).difference / largest;
}
