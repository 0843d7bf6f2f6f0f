import { describe, expect, test } from 'vitest';
import { createSolver } from '../../../src/pipelines/solvers/createSolver.js';
import { correctorWeights, predictorWeights } from '../../../src/pipelines/solvers/uniPc.js';
import { expectTrajectory } from '../../support/solvers.js';

describe('the table', () => {
  test('is the official one', () => {
    const { timesteps, sigmas } = createSolver('unipc', 6, 5);
    expect(timesteps).toEqual([999, 961, 908, 833, 713, 499]);
    const official = [0.9997998476028442, 0.9613164067268372, 0.9088428020477295, 0.8330553770065308];
    expect(sigmas.slice(0, 4)).toEqual(official.map(Math.fround)); // as torch prints its float32
    expect(sigmas.at(-1)).toBe(0);
  });

  test('keeps its steps apart where whole timesteps repeat', () => {
    // 200 steps with a shift of 8: 999 comes twice, and the official code fails at its last step.
    const { timesteps, sigmas } = createSolver('unipc', 200, 8);
    expect(timesteps.slice(0, 3)).toEqual([999, 999, 998]);
    expect(new Set(sigmas).size).toBe(201);
  });
});

describe('order', () => {
  const { sigmas } = createSolver('unipc', 6, 5);

  test('the prediction looks back, except at the start and at the end', () => {
    const looksBack = [0, 1, 2, 3, 4, 5].map((index) => predictorWeights(sigmas, index)[2] !== 0);
    expect(looksBack).toEqual([false, true, true, true, true, false]);
  });

  test('the correction is of the order of the prediction that it corrects', () => {
    const looksBack = [1, 2, 3, 4, 5].map((index) => correctorWeights(sigmas, index)[2] !== 0);
    expect(looksBack).toEqual([false, true, true, true, true]);
    const [, before, , now] = correctorWeights(sigmas, 1);
    expect(now).toBe(before); // the trapezoid
  });

  test('the last sample is the last x0', () => {
    expect(predictorWeights(sigmas, 5)).toEqual([0, 1, 0]);
  });
});

test('the trajectory is the official one', async () => {
  // Recorded from Wan2.1's FlowUniPCMultistepScheduler on torch 1.13, shift 5: two elements of the case `schedulers`.
  const recorded = [
    [-0.6609629988670349, -1.1241166591644287],
    [-0.6512709856033325, -1.1090774536132812],
    [-0.6408897042274475, -1.0915247201919556],
    [-0.631754457950592, -1.0722551345825195],
    [-0.6240067481994629, -1.0490062236785889],
    [-0.596811830997467, -0.9952544569969177],
    [-0.45928698778152466, -0.7979990839958191],
  ];
  await expectTrajectory(createSolver('unipc', 6, 5), recorded, 3); // two x0 and the sample predicted from
});
