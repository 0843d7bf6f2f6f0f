import { ensure } from '../../errors.js';
import type { Tensor } from '../../tensor/tensor.js';
import { TRAIN_TIMESTEPS } from '../flowMatching.js';

/**
 * The steps of a solver of the bidirectional model. It differs from the rollouts' schedule (`flowMatching.ts`): as many
 * entries as steps, and timesteps that are whole numbers.
 */
export interface SolverTable {
  /** What the model is told, one a step: 1000 * sigma, its fraction cut off. */
  readonly timesteps: readonly number[];
  /** Share of noise before each step, falling, and 0 after the last: one more than there are steps. */
  readonly sigmas: readonly number[];
}

/**
 * A multistep solver of the flow's differential equation. It turns every flow into the clean latents that it implies and
 * keeps the last of these, so it serves one video at a time, step after step; step 0 begins a new one.
 */
export interface Solver extends SolverTable {
  /**
   * Call it outside `device.scope`, which would free what the solver keeps.
   * @param sample the latents at the noise of step `index`, as the model was shown them
   * @param flow what the model predicted for them, `noise - x0`
   * @returns `next`, the latents at the noise of the next step, which the caller frees; `x0`, the clean latents that the
   *   flow implies, which stay the solver's and are valid until the next step
   */
  step(index: number, sample: Tensor, flow: Tensor): { readonly next: Tensor; readonly x0: Tensor };
  /** What it keeps between two steps; undefined where there is nothing yet. */
  readonly kept: readonly (Tensor | undefined)[];
  /** Has a new solver go on from what another one kept; the tensors become its own. */
  restore(kept: readonly (Tensor | undefined)[]): void;
  /** Frees what it keeps. */
  dispose(): void;
}

/**
 * `sigma = shift * u / (1 + (shift - 1) * u)`, u falling evenly from `start`, 0 left out and put at the end. The official
 * code computes timesteps in float64 and rounds the sigmas to float32 afterwards.
 * Source: Wan-Video/Wan2.1 wan/utils/fm_solvers_unipc.py set_timesteps, wan/utils/fm_solvers.py get_sampling_sigmas.
 * @param start u at the first step
 * @throws TokenTrimError where so many steps cannot be told apart in float32
 */
export function solverTable(start: number, steps: number, shift: number): SolverTable {
  ensure(
    Number.isInteger(steps) && steps >= 1 && steps <= TRAIN_TIMESTEPS,
    `the number of steps must be a whole number from 1 to ${TRAIN_TIMESTEPS}, found ${steps}`,
  );
  ensure(shift > 0 && Number.isFinite(shift), `the timestep shift must be a positive number, found ${shift}`);
  const exact = Array.from({ length: steps }, (_, step) => {
    const u = start + step * (-start / steps);
    return (shift * u) / (1 + (shift - 1) * u);
  });
  const sigmas = [...exact.map(Math.fround), 0];
  ensure(
    sigmas.every((sigma, index) => index === 0 || sigma < sigmas[index - 1]),
    `a timestep shift of ${shift} leaves ${steps} steps that float32 cannot tell apart: use a smaller shift or fewer steps`,
  );
  return { sigmas, timesteps: exact.map((sigma) => Math.trunc(sigma * TRAIN_TIMESTEPS)) };
}

/**
 * Half the logarithm of the signal-to-noise ratio, lambda = log(1 - sigma) - log(sigma): the variable in which the solvers
 * step. It is -infinity for pure noise and +infinity for none.
 */
export function logSnr(sigma: number): number {
  return Math.log(1 - sigma) - Math.log(sigma);
}
