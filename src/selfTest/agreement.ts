import type { DType } from '../tensor/tensor.js';

/** How a launch's output compares with its twin's. */
export interface Agreement {
  /** Largest difference, relative to the largest value that was expected; infinite where one is NaN or infinity. */
  readonly error: number;
  readonly tolerance: number;
  readonly isRight: boolean;
}

/**
 * Sums in float32, relative to the largest value of an output.
 * Measured: 1.2e-6 at most, over all launches of the toy world in every form, on lavapipe and SwiftShader.
 * Headroom: 16x, for wider models and cards that reorder sums. Still caught: sums in f16, inputs rounded to 16 bits (3e-4
 * and more), any wrong index, mask or count (1e-2 and more).
 */
const SINGLE = 2e-5;

/** Half a step of a type, twice: a value may lie at the boundary between two. */
const STEPS: Readonly<Record<'f16' | 'bf16', number>> = { f16: 2 ** -10, bf16: 2 ** -7 };

/**
 * Forms whose inputs are rounded to f16 on the way: what the check at start-up allows them too (`matrixChecks`).
 */
const ROUNDED = 4e-3;
const ROUNDING = /^(linear\.matrixHalf|attention\.matrix|headProduct\.matrix)$/;

/** The tolerance of a kernel's outputs of a type, relative to the largest value that is expected. */
export function toleranceOf(kernel: string, dtype: DType): number {
  const rounding = ROUNDING.test(kernel) ? ROUNDED : SINGLE;
  return dtype === 'f16' || dtype === 'bf16' ? rounding + STEPS[dtype] : rounding;
}

/** Kernels whose new outputs have room behind what they write: whatever was in the buffer before, where a twin has zeros. */
const WITH_ROOM = /^(attentionScores|headProduct)(\.|$)/;

/**
 * Compares what a kernel made with what its twin made of the same inputs.
 * @param dtype of the output: words (`u32`) hold pixels, or rows in 8 bits with their scales
 */
export function agreement(
  kernel: string,
  dtype: DType,
  found: ArrayLike<number>,
  expected: ArrayLike<number>,
): Agreement {
  if (dtype === 'u32') {
    const wrong = differentWords(found, expected);
    return { error: wrong, tolerance: 0, isRight: wrong === 0 };
  }
  const tolerance = toleranceOf(kernel, dtype);
  const hasRoom = WITH_ROOM.test(kernel);
  let [largest, difference] = [0, 0];
  for (let index = 0; index < expected.length; index++) {
    const [is, should] = [found[index], expected[index]];
    if (Object.is(is, should) || (hasRoom && should === 0)) continue; // NaN and infinities too
    const apart = Math.abs(is - should);
    difference = Math.max(difference, Number.isFinite(apart) ? apart : Number.POSITIVE_INFINITY);
  }
  for (let index = 0; index < expected.length; index++) {
    if (Number.isFinite(expected[index])) largest = Math.max(largest, Math.abs(expected[index]));
  }
  const error = difference === 0 ? 0 : difference / largest;
  return { error, tolerance, isRight: error <= tolerance };
}

/** Relative difference of two scales in float32 that were summed in another order. */
const SCALE = 1e-5;

/** The share of words that differ by more than rounding: by one in a byte, or in the last digits of a float32. */
function differentWords(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  let wrong = 0;
  for (let index = 0; index < expected.length; index++) {
    const [is, should] = [found[index], expected[index]];
    if (is !== should && !areClose(is, should)) wrong++;
  }
  return expected.length === 0 ? 0 : wrong / expected.length;
}

const words = new Uint32Array(2);
const floats = new Float32Array(words.buffer);

function areClose(is: number, should: number): boolean {
  const inBytes = [0, 8, 16, 24].every((shift) => {
    const apart = Math.abs(((is >>> shift) & 255) - ((should >>> shift) & 255));
    return Math.min(apart, 256 - apart) <= 1;
  });
  if (inBytes) return true;
  words.set([is, should]);
  return Math.abs(floats[0] - floats[1]) <= SCALE * Math.abs(floats[1]);
}
