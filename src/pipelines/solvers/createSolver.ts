import { dpmSolver } from './dpmSolver.js';
import { type Solver, solverTable } from './solver.js';
import { uniPc } from './uniPc.js';

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
