import { type Term, weightedSum } from '../../kernels/elementwise/weightedSum.js';
import type { Tensor } from '../../tensor/tensor.js';
import { logSnr, type Solver, type SolverTable } from './solver.js';

const ORDER = 2;

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
    get kept() {
      return [corrected, outputs[0], outputs[1]];
    },
    restore([start, ...last]) {
      corrected = start;
      outputs = last.filter((output) => output !== undefined);
    },
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

/**
 * Order of the prediction from step `index`: one at the start, where there is no past, and at the end, where the way to no
 * noise is infinitely long in lambda.
 */
function predictorOrder(sigmas: readonly number[], index: number): number {
  return Math.min(ORDER, sigmas.length - 1 - index, index + 1);
}

/**
 * What UniP predicts the next sample from: the sample, x0 of this step, x0 of the step before (B(h) = expm1(-h), "bh2").
 * Paper: arXiv 2302.04867, UniP-2, with the weight 1/2 that the official code fixes for it.
 */
export function predictorWeights(sigmas: readonly number[], index: number): [number, number, number] {
  const [sigma, next] = [sigmas[index], sigmas[index + 1]];
  const step = logSnr(next) - logSnr(sigma);
  const gain = -(1 - next) * Math.expm1(-step);
  if (predictorOrder(sigmas, index) === 1) return [next / sigma, gain, 0];
  const ratio = (logSnr(sigmas[index - 1]) - logSnr(sigma)) / step; // where the past output lies, in steps
  const slope = gain / 2 / ratio; // of previous - x0
  return [next / sigma, gain - slope, slope];
}

/**
 * What UniC corrects the sample of step `index` from: the sample that was predicted from, x0 of that step, x0 of the step
 * before it, and x0 of this step. Of the order of the prediction that it corrects.
 * Paper: arXiv 2302.04867, UniC.
 */
export function correctorWeights(sigmas: readonly number[], index: number): [number, number, number, number] {
  const [from, to] = [sigmas[index - 1], sigmas[index]];
  const step = logSnr(to) - logSnr(from);
  const phi = Math.expm1(-step);
  const gain = -(1 - to) * phi;
  if (predictorOrder(sigmas, index - 1) === 1) return [to / from, gain / 2, 0, gain / 2];

  // Both outputs have the weight that makes the correction exact for x0 linear and quadratic in lambda:
  // [[1, 1], [ratio, 1]] weights = [linear, quadratic].
  const ratio = (logSnr(sigmas[index - 2]) - logSnr(from)) / step;
  const second = phi / -step - 1;
  const third = second / -step - 1 / 2;
  const [linear, quadratic] = [second / phi, (2 * third) / phi];
  const ofPast = (linear - quadratic) / (1 - ratio);
  const slope = (gain * ofPast) / ratio; // of past - x0 of the prediction's step
  const turn = gain * (linear - ofPast); // of x0 now - x0 of the prediction's step
  return [to / from, gain - slope - turn, slope, turn];
}
