import type { Device } from '../tensor/device.js';
import { TorchGenerator } from '../tensor/random.js';
import { ReferenceDevice } from '../tensor/referenceDevice.js';
import type { FloatType } from '../tensor/tensor.js';
import { cast } from './cast.js';
import { linear } from './linear.js';
import { matrixWeights, trustMatrixForm } from './matrixForm.js';
import type { Variant } from './variant.js';

const checks = new WeakMap<Device['variants'], Promise<boolean>>();

/**
 * Whether the `matrix` form of `linear` may be used on a device: Dawn calls the feature experimental and drivers have had
 * bugs in it, so a small product is first compared with the float64 twin. Until this has returned true the form fits no
 * problem. A device is checked once; one without the feature answers at once.
 */
export function checkMatrixForm(device: Device): Promise<boolean> {
  if (device.kind !== 'gpu' || !device.features.matrices) return Promise.resolve(false);
  const known = checks.get(device.variants);
  if (known) return known;
  const check = agreesWithTwin(device);
  checks.set(device.variants, check);
  return check;
}

/** More than one tile of 64 each way, and a last step of k that is not full. */
const PROBLEM = { rows: 70, inFeatures: 100, outFeatures: 75 };

/** What rows of x are multiplied by: the largest values are past what f16 holds. */
const ROW_SCALES = [1, 2 ** -3, 2 ** 14];

/**
 * Largest difference, relative to the scale of a row, of results of about 1.
 * Measured with loops in the place of matrices (test/kernels/linearMatrix.test.ts): 1.5e-6 in f32, 7.6e-6 in f16, where
 * small values are rounded. Headroom for cards that cut off what they should round. Still caught: sums in f16, x in f16
 * without its lower part or with that flushed to zero (8e-4), any wrong index (1).
 */
const TOLERANCE = 1e-4;

async function agreesWithTwin(device: Device): Promise<boolean> {
  trustMatrixForm(device, true); // for as long as it is tried
  let isRight = true;
  try {
    for (const dtype of matrixWeights(device)) isRight &&= await agreesFor(device, dtype);
  } catch {
    isRight = false; // it does not compile here: what a driver says of that helps nobody, other forms do
    await device.synchronize().catch(() => undefined); // takes what else was said off the device
  }
  trustMatrixForm(device, isRight);
  return isRight;
}

async function agreesFor(device: Device, dtype: FloatType): Promise<boolean> {
  const [found, expected] = [await run(device, dtype, 'matrix'), await run(new ReferenceDevice(), dtype, 'plain')];
  return found.every((value, index) => {
    const scale = rowScale(Math.floor(index / PROBLEM.outFeatures));
    return Math.abs(value - expected[index]) <= TOLERANCE * scale; // false for NaN
  });
}

async function run(on: Device, dtype: FloatType, variant: Variant) {
  const { rows, inFeatures, outFeatures } = PROBLEM;
  const random = new TorchGenerator(0);
  const x = random.randn(rows * inFeatures).map((value, index) => value * rowScale(Math.floor(index / inFeatures)));
  const weight = random.randn(outFeatures * inFeatures).map((value) => value * inFeatures ** -0.5);
  const bias = random.randn(outFeatures);
  const y = on.scope(() =>
    linear(
      on.upload(x, [rows, inFeatures]),
      cast(on.upload(weight, [outFeatures, inFeatures]), dtype),
      on.upload(bias, [outFeatures]),
      { variant },
    ),
  );
  try {
    return await on.read(y);
  } finally {
    y.dispose();
  }
}

function rowScale(row: number): number {
  return ROW_SCALES[row % ROW_SCALES.length];
}
