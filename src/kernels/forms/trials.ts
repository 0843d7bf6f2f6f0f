import { attentionTrials } from '../attention/attention.trial.js';
import { causalConv3dTrials, conv2dTrials } from '../convolution/convs.trial.js';
import { linearTrials } from '../linear/linear.trial.js';
import { channelNormTrials, layerNormTrials, rmsNormTrials } from '../norms/norms.trial.js';
import type { KernelClass } from './form.js';
import type { AdapterScale, Trial, TrialsOf } from './trial.js';

const TRIALS: readonly TrialsOf[] = [
  linearTrials,
  attentionTrials,
  causalConv3dTrials,
  conv2dTrials,
  layerNormTrials,
  rmsNormTrials,
  channelNormTrials,
];

/** A problem of a class, made from the class alone; undefined for a class that nothing is known of. */
export function trialOf(problem: KernelClass, adapter: AdapterScale): Trial | undefined {
  return TRIALS.find(({ kernel }) => kernel === problem.kernel)?.of(problem, adapter);
}

/** Every class that can be measured. */
export function knownClasses(): KernelClass[] {
  return TRIALS.flatMap(({ kernel, types, sizes }) =>
    types.flatMap((type) => sizes.map((size) => ({ kernel, type, size }))),
  );
}
