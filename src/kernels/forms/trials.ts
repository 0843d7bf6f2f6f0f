import type { Device } from '../../tensor/device.js';
import { FormTable } from '../../tensor/formTable.js';
import { PlanningDevice } from '../../tensor/planningDevice.js';
import { attentionTrials } from '../attention/attention.trial.js';
import { attentionGradientTrials } from '../attention/attentionGradient.trial.js';
import { causalConv3dTrials, conv2dTrials } from '../convolution/convs.trial.js';
import { linearTrials } from '../linear/linear.trial.js';
import { channelNormTrials, layerNormTrials, rmsNormRopeTrials, rmsNormTrials } from '../norms/norms.trial.js';
import { checkMatrixForm } from './checkMatrixForm.js';
import { classKey, expectedForm, type Form, isProcessor, type ProblemClass } from './form.js';
import { type AdapterScale, type KernelTrials, type Trial, TrialInputs } from './trial.js';

const TRIALS: readonly KernelTrials[] = [
  linearTrials,
  attentionTrials,
  attentionGradientTrials,
  causalConv3dTrials,
  conv2dTrials,
  layerNormTrials,
  rmsNormTrials,
  rmsNormRopeTrials,
  channelNormTrials,
];

/** A problem of a class, made from the class alone; undefined for a class that nothing is known of. */
export function trialOf(problem: ProblemClass, adapter: AdapterScale): Trial | undefined {
  return TRIALS.find(({ classes }) => classes.kernel === problem.kernel)?.of(problem, adapter);
}

/** Every class that can be measured. */
export function knownClasses(): ProblemClass[] {
  return TRIALS.flatMap(({ classes: { kernel, types, sizes } }) =>
    types.flatMap((type) => Object.keys(sizes).map((size) => ({ kernel, type, size }))),
  );
}

/** A class that is to be measured, the problem that stands for it, and the forms that are tried on it, the expected one first. */
export interface ClassTrial {
  readonly key: string;
  readonly problem: ProblemClass;
  readonly trial: Trial;
  readonly forms: readonly Form[];
}

/** What is to be tried for classes on a device; those with one form, or without a trial, are left out. */
export async function trialsFor(device: Device, classes: readonly ProblemClass[]): Promise<ClassTrial[]> {
  if (classes.length === 0) return [];
  const { name, features, maxTensorBytes, maxBindingBytes } = device;
  const trusted = await checkMatrixForm(device);
  const onProcessor = isProcessor(features);
  return classes.flatMap((problem) => {
    const trial = trialOf(problem, onProcessor ? 'processor' : 'card');
    if (!trial) return [];
    const planning = new PlanningDevice({ name, features, maxTensorBytes, maxBindingBytes, forms: new FormTable() });
    for (const kernel of trusted) planning.forms.trusted.add(kernel);
    for (const fault of device.forms.faulty) planning.forms.faulty.add(fault);
    trial.prepare(new TrialInputs(planning))();
    const key = classKey(problem);
    const fitting = [...(planning.forms.asked.get(key)?.forms ?? [])];
    // What is made for graphics cards takes long to compile for a processor, and loses.
    const forms = onProcessor ? fitting.filter((form) => form === 'plain' || form === 'subgroup') : fitting;
    if (forms.length < 2) return [];
    const expected = expectedForm(device, forms);
    return [{ key, problem, trial, forms: [expected, ...forms.filter((form) => form !== expected)] }];
  });
}
