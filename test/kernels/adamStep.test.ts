import fc from 'fast-check';
import { expect, test } from 'vitest';
import { adamStep } from '../../src/kernels/motion/adamStep.js';
import { device } from '../support/device.js';
import { expectTwin, expectValues, randomTensor, seeds, sizes } from '../support/twins.js';

test('agrees with its twin', async () => {
  await fc.assert(
    fc.asyncProperty(sizes(70), sizes(9), seeds, (rows, width, seed) =>
      expectTwin((on) =>
        adamStep(randomTensor(on, seed, [rows, width]), randomTensor(on, seed + 1, [rows, width]), 0.05),
      ),
    ),
  );
});

test('moves by the rate against the sign, and by less where the gradient is hardly there', async () => {
  const gradients = Float32Array.of(3, -1e-2, 0, 1e-8);
  const moved = [1 - 0.5, 1 + 0.5, 1, 1 - 0.25];
  await expectValues(
    (on) => adamStep(on.upload(Float32Array.of(1, 1, 1, 1), [4]), on.upload(gradients, [4]), 0.5),
    moved,
  );
});

test('refuses another shape', () => {
  device.scope(() => {
    expect(() => adamStep(device.zeros([2, 3]), device.zeros([3, 2]), 1)).toThrow('adamStep: gradient');
  });
});
