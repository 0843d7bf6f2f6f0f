import type { Device } from '../../tensor/device.js';
import { ReferenceDevice } from '../../tensor/referenceDevice.js';
import { type MatrixCheck, matrixChecks } from './matrixChecks.js';
import { MATRIX_KERNELS, type MatrixKernel } from './matrixForm.js';

/**
 * Which kernels' `matrix` forms may be used on a device: Dawn calls the feature experimental and drivers have had bugs in
 * it, so small problems are first compared with the float64 twins. Until then the forms fit no problem. A device is checked
 * once; one without the feature answers at once.
 */
export function checkMatrixForm(device: Device): Promise<ReadonlySet<string>> {
  if (device.kind === 'interpreter') return Promise.resolve(trustAll(device));
  if (device.kind !== 'gpu' || !device.features.matrices) return Promise.resolve(new Set());
  device.forms.matrixCheck ??= rightOnes(device);
  return device.forms.matrixCheck;
}

/** Matrices of f32 have a form of linear alone. */
function withMatrices({ features: { matrices } }: Device): readonly MatrixKernel[] {
  return matrices === 'f16' ? MATRIX_KERNELS : matrices === 'f32' ? ['linear'] : [];
}

/** The interpreter multiplies matrices itself, so there is no driver to mistrust. */
function trustAll(device: Device): ReadonlySet<string> {
  const { trusted } = device.forms;
  for (const kernel of withMatrices(device)) trusted.add(kernel);
  return trusted;
}

async function rightOnes(device: Device): Promise<ReadonlySet<string>> {
  const { trusted } = device.forms;
  for (const kernel of withMatrices(device)) {
    trusted.add(kernel); // for as long as it is tried
    if (!(await agreesWithTwin(device, kernel))) trusted.delete(kernel);
  }
  return trusted;
}

async function agreesWithTwin(device: Device, kernel: MatrixKernel): Promise<boolean> {
  let isRight = true;
  try {
    for (const check of matrixChecks(kernel, device)) {
      isRight &&= await agrees(device, check, kernel === 'half' ? 'half' : 'matrix');
    }
  } catch {
    isRight = false; // it does not compile here: what a driver says of that helps nobody, other forms do
    await device.synchronize().catch(() => undefined); // takes what else was said off the device
  }
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
