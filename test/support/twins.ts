import fc from 'fast-check';
import type { Device } from '../../src/tensor/device.js';
import { TorchGenerator } from '../../src/tensor/random.js';
import { elementCount, type Shape } from '../../src/tensor/shape.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { expectAllClose } from './allclose.js';
import { device, referenceDevice } from './device.js';
import { KERNEL_TOLERANCE, PINNED_TOLERANCE } from './tolerance.js';

/** One op with its inputs: makes them on the device it is given and returns the result. */
export type Problem = (on: Device) => Tensor;

/** Seeds rather than arrays are drawn: a failing shape then shrinks without dragging thousands of numbers along. */
export const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });

/** A size with 1 and odd values among the likely ones. */
export const sizes = (max: number) => fc.integer({ min: 1, max });

/** Normal numbers, `scale` wide. */
export function normal(seed: number, count: number, scale = 1): Float32Array {
  return new TorchGenerator(seed).randn(count).map((value) => value * scale);
}

/** A tensor of normal numbers; on every device the same float32 values. */
export function randomTensor(on: Device, seed: number, shape: Shape, scale = 1): Tensor {
  return on.upload(normal(seed, elementCount(shape), scale), shape);
}

/** Runs a problem and gives back all that it allocated. */
export async function run(problem: Problem, on: Device = device): Promise<Float32Array | Float64Array> {
  const result = on.scope(() => problem(on));
  try {
    return await on.read(result);
  } finally {
    result.dispose();
  }
}

/** The adapter's result must be that of the float64 twin. */
export async function expectTwin(problem: Problem, tolerance = KERNEL_TOLERANCE): Promise<void> {
  expectAllClose(await run(problem), await run(problem, referenceDevice), tolerance, 'kernel against twin');
}

/** A pinned case: the adapter and the twin must both give these values, worked out without either. */
export async function expectValues(
  problem: Problem,
  expected: readonly number[],
  tolerance = PINNED_TOLERANCE,
): Promise<void> {
  expectAllClose(await run(problem, referenceDevice), expected, tolerance, 'twin');
  expectAllClose(await run(problem), expected, tolerance, 'kernel');
}
