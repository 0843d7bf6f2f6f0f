import { describe, expect, test } from 'vitest';
import { createSolver } from '../../../src/pipelines/solvers/createSolver.js';
import { dpmWeights } from '../../../src/pipelines/solvers/dpmSolver.js';
import { logSnr } from '../../../src/pipelines/solvers/solver.js';
import { expectTrajectory } from '../../support/solvers.js';

test('the table is the official one, from pure noise', () => {
  const { timesteps, sigmas } = createSolver('dpm++', 5, 8);
  expect(timesteps).toEqual([1000, 969, 923, 842, 666]);
  expect(sigmas[0]).toBe(1);
  expect(sigmas[5]).toBe(0);
});

describe('where lambda is infinite', () => {
  const { sigmas } = createSolver('dpm++', 6, 5);

  test('it is, at both ends', () => {
    expect(logSnr(sigmas[0])).toBe(Number.NEGATIVE_INFINITY);
    expect(logSnr(sigmas[6])).toBe(Number.POSITIVE_INFINITY);
  });

  test('the first step is a straight line from x0 to the noise', () => {
    const { ofSample, ofX0, ofPrevious } = dpmWeights(sigmas, 0);
    expect([ofSample, ofX0]).toEqual([sigmas[1], 1 - sigmas[1]]);
    expect(ofPrevious).toBeCloseTo(0, 15);
  });

  test('the second has no second-order term yet, later ones do, the last is x0', () => {
    expect([1, 2, 3, 4].map((index) => Math.abs(dpmWeights(sigmas, index).ofPrevious) > 0)).toEqual([
      ...[false, true, true, true],
    ]);
    const last = dpmWeights(sigmas, 5);
    expect([last.ofSample, last.ofX0, Math.abs(last.ofPrevious)]).toEqual([0, 1, 0]);
  });

  test('one step alone is both', () => {
    const { ofSample, ofX0 } = dpmWeights([1, 0], 0);
    expect([ofSample, ofX0]).toEqual([0, 1]);
  });
});

test('the trajectory is the official one', async () => {
  // Recorded from Wan2.1's FlowDPMSolverMultistepScheduler on torch 1.13, shift 8: two elements of the case `schedulers`.
  const recorded = [
    [-0.6609629988670349, -1.1241166591644287],
    [-0.6547998189926147, -1.1145645380020142],
    [-0.6469355821609497, -1.101951003074646],
    [-0.637572705745697, -1.0854787826538086],
    [-0.6275750398635864, -1.0636330842971802],
    [-0.6175627112388611, -1.0299183130264282],
    [-0.49537932872772217, -0.8316076993942261],
  ];
  await expectTrajectory(createSolver('dpm++', 6, 8), recorded, 1); // the x0 of the step before
});
