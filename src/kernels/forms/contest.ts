import type { Device } from '../../tensor/device.js';
import { VariantTable } from '../../tensor/formTable.js';
import { PlanningDevice } from '../../tensor/planningDevice.js';
import { checkMatrixForm } from './checkMatrixForm.js';
import { classKey, expectedForm, isProcessor, type KernelClass, type Variant } from './form.js';
import { trustMatrixForm } from './matrixForm.js';
import { type Trial, TrialInputs } from './trial.js';
import { trialOf } from './trials.js';

/** A class, a problem that stands for it, and the forms that are tried on it, the expected one first. */
export interface Contest {
  readonly key: string;
  readonly problem: KernelClass;
  readonly trial: Trial;
  readonly forms: readonly Variant[];
}

/** What is to be tried for classes on a device; those with one form, or without a trial, are left out. */
export async function contestsOf(device: Device, classes: readonly KernelClass[]): Promise<Contest[]> {
  if (classes.length === 0) return [];
  const { name, features, maxTensorBytes, maxBindingBytes } = device;
  const matrixKernels = await checkMatrixForm(device);
  const onProcessor = isProcessor(features);
  return classes.flatMap((problem) => {
    const trial = trialOf(problem, onProcessor ? 'processor' : 'card');
    if (!trial) return [];
    const variants = new VariantTable();
    const planning = new PlanningDevice({ name, features, maxTensorBytes, maxBindingBytes, variants });
    for (const kernel of matrixKernels) trustMatrixForm(planning, kernel, true);
    trial.prepare(new TrialInputs(planning))();
    const key = classKey(problem);
    const fitting = [...(variants.asked.get(key)?.forms ?? [])];
    // What is made for graphics cards takes long to compile for a processor, and loses.
    const forms = onProcessor ? fitting.filter((form) => form === 'plain' || form === 'subgroup') : fitting;
    if (forms.length < 2) return [];
    const expected = expectedForm(device, forms);
    return [{ key, problem, trial, forms: [expected, ...forms.filter((form) => form !== expected)] }];
  });
}
