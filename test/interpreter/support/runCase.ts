import { InterpreterDevice } from '../../../src/interpreter/interpreterDevice.js';
import type { Finding } from '../../../src/interpreter/run/findings.js';
import { checkMatrixForm } from '../../../src/kernels/forms/checkMatrixForm.js';
import { kernelText } from '../../../src/node/kernelTexts.js';
import type { Device } from '../../../src/tensor/device.js';
import { ReferenceDevice } from '../../../src/tensor/referenceDevice.js';
import type { Problem } from '../../support/twins.js';
import { type KernelCase, toleranceOf } from './kernelCases.js';

/** What a run of a problem shows: what is wrong with it, in words, and which kernels ran. */
export interface Shown {
  readonly problems: readonly string[];
  readonly kernels: readonly string[];
}

/** A device for a case, with kernels as they are or changed; its findings are kept. */
export async function openFor(one: KernelCase, texts: (kernel: string) => string = kernelText, seed = 1) {
  const found: Finding[] = [];
  const device = new InterpreterDevice(texts, {
    ...one.setup,
    seed,
    mostWorkgroups: 3, // so that there are two dimensions of them, and some left over
    onFindings: (findings) => found.push(...findings),
  });
  for (const [kernel, shape] of Object.entries(one.shapes ?? {})) device.forms.shapes.set(kernel, [shape] as never);
  await checkMatrixForm(device);
  return { device, found };
}

/** Runs a problem in the interpreter and as a twin. */
export async function show(
  one: KernelCase,
  problem: Problem,
  { device, found }: Awaited<ReturnType<typeof openFor>>,
): Promise<Shown> {
  found.length = 0;
  const [values, expected] = [await valuesOf(problem, device), await valuesOf(problem, new ReferenceDevice())];
  const allowed = toleranceOf(one);
  const wrong = values.findIndex((value, index) => !(Math.abs(value - expected[index]) <= allowed));
  const problems = found.map(({ text }) => text);
  if (wrong >= 0) problems.push(`element ${wrong} is ${values[wrong]}, not ${expected[wrong]}`);
  return { problems, kernels: device.kernels.names };
}

/** What a problem gives on a device, numbers or words. */
export async function valuesOf(problem: Problem, on: Device): Promise<Float64Array> {
  const result = on.scope(() => problem(on));
  const values = result.dtype === 'u32' ? await on.readIndices(result) : await on.read(result);
  result.dispose();
  return Float64Array.from(values);
}
