import type { Device } from '../../tensor/device.js';
import { ReferenceDevice } from '../../tensor/referenceDevice.js';
import { type MatrixCheck, matrixChecks } from './matrixChecks.js';
import { MATRIX_KERNELS, type MatrixKernel, trustMatrixForm } from './matrixForm.js';

const checks = new WeakMap<Device['forms'], Promise<ReadonlySet<MatrixKernel>>>();

/**
 * Which kernels' `matrix` forms may be used on a device: Dawn calls the feature experimental and drivers have had bugs in
 * it, so small problems are first compared with the float64 twins. Until then the forms fit no problem. A device is checked
 * once; one without the feature answers at once.
 */
export function checkMatrixForm(device: Device): Promise<ReadonlySet<MatrixKernel>> {
  if (device.kind !== 'gpu' || !device.features.matrices) return Promise.resolve(new Set());
  const known = checks.get(device.forms);
  if (known) return known;
  const check = rightOnes(device);
  checks.set(device.forms, check);
  return check;
}

/** Matrices of f32 have a form of linear alone. */
async function rightOnes(device: Device): Promise<ReadonlySet<MatrixKernel>> {
  const kernels = device.features.matrices === 'f16' ? MATRIX_KERNELS : (['linear'] as const);
  const right = new Set<MatrixKernel>();
  for (const kernel of kernels) if (await agreesWithTwin(device, kernel)) right.add(kernel);
  return right;
}

async function agreesWithTwin(device: Device, kernel: MatrixKernel): Promise<boolean> {
  trustMatrixForm(device, kernel, true); // for as long as it is tried
  let isRight = true;
  try {
    for (const check of matrixChecks(kernel, device)) {
      isRight &&= await agrees(device, check, kernel === 'half' ? 'half' : 'matrix');
    }
  } catch {
    isRight = false; // it does not compile here: what a driver says of that helps nobody, other forms do
    await device.synchronize().catch(() => undefined); // takes what else was said off the device
  }
  trustMatrixForm(device, kernel, isRight);
  return isRight;
}

async function agrees(device: Device, check: MatrixCheck, form: 'matrix' | 'half'): Promise<boolean> {
  const found = await valuesOf(device, (on) => check.run(on, form));
  const expected = await valuesOf(new ReferenceDevice(), (on) => check.run(on));
  return found.every((value, index) => {
    return Math.abs(value - expected[index]) <= check.tolerance * check.scaleOf(index); // false for NaN
  });
}

async function valuesOf(on: Device, run: MatrixCheck['run']) {
  const y = on.scope(() => run(on));
  try {
    return await on.read(y);
  } finally {
    y.dispose();
  }
}
