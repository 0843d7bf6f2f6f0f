import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createSolver, SOLVER_NAMES } from '../../src/pipelines/solvers/createSolver.js';
import { dpmWeights } from '../../src/pipelines/solvers/dpmSolver.js';
import { correctorWeights, predictorWeights } from '../../src/pipelines/solvers/uniPc.js';
import { SOLVER_TOLERANCE } from '../support/tolerance.js';

const shifts = fc.double({ min: 0.05, max: 100, noNaN: true });
const counts = fc.integer({ min: 1, max: 1000 });

describe.each(SOLVER_NAMES)('%s', (name) => {
  test('sigmas fall from 1 or nearly so to 0; timesteps are theirs as whole numbers', () => {
    fc.assert(
      fc.property(counts, shifts, (steps, shift) => {
        const { sigmas, timesteps } = createSolver(name, steps, shift);
        expect([sigmas.length, timesteps.length]).toEqual([steps + 1, steps]);
        expect(sigmas[0]).toBeLessThanOrEqual(1);
        expect(sigmas[steps]).toBe(0);
        for (let step = 0; step < steps; step++) {
          expect(sigmas[step + 1]).toBeLessThan(sigmas[step]);
          expect(Number.isInteger(timesteps[step])).toBe(true);
          const fraction = 1000 * sigmas[step] - timesteps[step];
          // Timesteps are made of sigmas before these are rounded to float32, which moves them by 3e-5 at most.
          expect(fraction > -1e-4 && fraction < 1 + 1e-4).toBe(true);
        }
      }),
    );
  });

  test('every weight is finite, and a step keeps constants: the weights add up to one', () => {
    fc.assert(
      fc.property(counts, shifts, (steps, shift) => {
        const { sigmas } = createSolver(name, steps, shift);
        for (let step = 0; step < steps; step++) {
          const rows =
            name === 'dpm++'
              ? [Object.values(dpmWeights(sigmas, step))]
              : [predictorWeights(sigmas, step), ...(step > 0 ? [correctorWeights(sigmas, step)] : [])];
          for (const weights of rows) {
            const sum = weights.reduce((total, weight) => total + weight, 0);
            expect(Math.abs(sum - 1)).toBeLessThan(SOLVER_TOLERANCE);
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  test('a shift of 1 is a straight line, more leans towards noise', () => {
    const sigmaInTheMiddle = (shift: number) => createSolver(name, 10, shift).sigmas[5];
    expect(sigmaInTheMiddle(1)).toBeCloseTo(0.5, 3);
    expect(sigmaInTheMiddle(8)).toBeCloseTo(8 / 9, 3);
  });

  test('what cannot be stepped is refused', () => {
    for (const steps of [0, -1, 1.5, 1001, Number.NaN]) {
      expect(() => createSolver(name, steps, 8)).toThrow(
        `the number of steps must be a whole number from 1 to 1000, found ${steps}`,
      );
    }
    for (const shift of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => createSolver(name, 50, shift)).toThrow(`shift must be a positive number, found ${shift}`);
    }
    expect(() => createSolver(name, 50, 1e9)).toThrow('leaves 50 steps that float32 cannot tell apart');
  });
});
