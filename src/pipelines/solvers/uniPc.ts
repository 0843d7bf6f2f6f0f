import { type Term, weightedSum } from '../../kernels/elementwise/weightedSum.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { Solver } from './solver.js';
import { correctorWeights, predictorWeights } from './uniPcWeights.js';
import type { SolverTable } from './wanSchedule.js';

/**
 * UniPC of order 2. A step first corrects the sample that it is given, now that the model was asked there, and predicts
 * the next one from the corrected sample; the model is not asked again.
 * Paper: arXiv 2302.04867. Source: Wan-Video/Wan2.1 wan/utils/fm_solvers_unipc.py
 * FlowUniPCMultistepScheduler as wan/text2video.py calls it.
 *
 * Deviation: where so many steps are asked for that the first two timesteps are the same whole number, the official code
 * begins at its second step and then fails at the last; here steps are counted.
 */
export function uniPc(table: SolverTable): Solver {
  const { sigmas } = table;
  let outputs: Tensor[] = []; // x0 of the last two steps, the latest first
  let corrected: Tensor | undefined; // the sample that the last step predicted from
  const forget = () => {
    for (const output of outputs) output.dispose();
    outputs = [];
    corrected?.dispose();
    corrected = undefined;
  };
  return {
    ...table,
    dispose: forget,
    step(index, sample, flow) {
      if (index === 0) forget();
      const x0 = weightedSum([
        [1, sample],
        [-sigmas[index], flow],
      ]);
      const before = corrected;
      const start = before
        ? combine(correctorWeights(sigmas, index), [before, outputs[0], outputs[1], x0])
        : weightedSum([[1, sample]]); // a copy to keep
      const next = combine(predictorWeights(sigmas, index), [start, x0, outputs[0]]);
      before?.dispose();
      outputs[1]?.dispose();
      outputs = [x0, ...outputs.slice(0, 1)];
      corrected = start;
      return { next, x0 };
    },
  };
}

/** The weighted sum of those tensors that have a weight. */
function combine(weights: readonly number[], tensors: readonly (Tensor | undefined)[]): Tensor {
  return weightedSum(
    tensors.flatMap((tensor, term): Term[] => (tensor && weights[term] ? [[weights[term], tensor]] : [])),
  );
}
