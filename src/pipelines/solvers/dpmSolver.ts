import { type Term, weightedSum } from '../../kernels/elementwise/weightedSum.js';
import type { Tensor } from '../../tensor/tensor.js';
import { logSnr, type Solver, type SolverTable } from './solver.js';

/**
 * DPM-Solver++ (2M), midpoint form, on the flow schedule. The first and the last step are of first order.
 * Paper: arXiv 2211.01095, algorithm 2. Source: Wan-Video/Wan2.1 wan/utils/fm_solvers.py FlowDPMSolverMultistepScheduler
 * as wan/text2video.py calls it.
 */
export function dpmSolver(table: SolverTable): Solver {
  const weights = table.timesteps.map((_, index) => dpmWeights(table.sigmas, index));
  let previous: Tensor | undefined; // x0 of the step before
  return {
    ...table,
    step(index, sample, flow) {
      const x0 = weightedSum([
        [1, sample],
        [-table.sigmas[index], flow],
      ]);
      const { ofSample, ofX0, ofPrevious } = weights[index];
      const terms: Term[] = [
        [ofSample, sample],
        [ofX0, x0],
      ];
      if (ofPrevious !== 0 && previous) terms.push([ofPrevious, previous]);
      const next = weightedSum(terms);
      previous?.dispose();
      previous = x0;
      return { next, x0 };
    },
    get kept() {
      return [previous];
    },
    restore(kept) {
      [previous] = kept;
    },
    dispose() {
      previous?.dispose();
      previous = undefined;
    },
  };
}

/**
 * What the next sample is made of. Lambda is -infinity where the noise is pure and +infinity where there is none, so the
 * first and the last step are infinitely long: exp(-step) is 0 there, and the step after the first finds the one before
 * infinitely longer than itself, which leaves it without a second-order term.
 */
export function dpmWeights(
  sigmas: readonly number[],
  index: number,
): { ofSample: number; ofX0: number; ofPrevious: number } {
  const [sigma, next] = [sigmas[index], sigmas[index + 1]];
  const step = logSnr(next) - logSnr(sigma);
  const gain = -(1 - next) * Math.expm1(-step);
  const isFirstOrder = index === 0 || index === sigmas.length - 2;
  const ratio = isFirstOrder ? Number.POSITIVE_INFINITY : (logSnr(sigma) - logSnr(sigmas[index - 1])) / step;
  const slope = gain / 2 / ratio; // of x0 - previous
  return { ofSample: next / sigma, ofX0: gain + slope, ofPrevious: -slope };
}
