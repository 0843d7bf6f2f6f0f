import type { Tensor } from '../../tensor/tensor.js';
import { dpmSolver } from './dpmSolver.js';
import { uniPc } from './uniPc.js';
import { type SolverTable, solverTable } from './wanSchedule.js';

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
  /** Frees what it keeps. */
  dispose(): void;
}

/**
 * The solvers as `generate.py --sample_solver` calls them. UniPC does not begin at pure noise: the official code builds it
 * with a shift of 1, which leaves its largest sigma at float32(0.999) before the shift that was asked for.
 */
const SOLVERS = {
  unipc: { start: Math.fround(0.999), create: uniPc },
  'dpm++': { start: 1, create: dpmSolver },
} as const;

export type SolverName = keyof typeof SOLVERS;
export const SOLVER_NAMES = Object.keys(SOLVERS) as readonly SolverName[];

/**
 * @param steps calls of the model
 * @param shift of the schedule towards noise
 * @throws TokenTrimError where steps or shift are out of range
 */
export function createSolver(name: SolverName, steps: number, shift: number): Solver {
  const { start, create } = SOLVERS[name];
  return create(solverTable(start, steps, shift));
}
