import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cast } from '../../src/kernels/elementwise/cast.js';
import { transpose } from '../../src/kernels/linear/transpose.js';
import type { FloatType } from '../../src/tensor/tensor.js';
import { device } from '../support/device.js';
import { expectTwin, expectValues, randomTensor, seeds, sizes } from '../support/twins.js';

test.each<FloatType>(['f32', 'bf16', 'f16'])('agrees with its twin, value for value, in %s', async (type) => {
  await fc.assert(
    fc.asyncProperty(sizes(70), sizes(70), seeds, async (rows, columns, seed) => {
      await expectTwin((on) => {
        const turned = transpose(cast(randomTensor(on, seed, [rows, columns]), type));
        expect(turned.dtype).toBe(type);
        return cast(turned, 'f32');
      }, 0);
    }),
  );
});

test('makes columns of rows', async () => {
  await expectValues((on) => transpose(on.upload(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3])), [1, 4, 2, 5, 3, 6], 0);
});

test('refuses what is no matrix', () => {
  device.scope(() => {
    expect(() => transpose(device.zeros([2, 3, 4]))).toThrow('transpose: x: expected shape [?, ?], found [2, 3, 4]');
  });
});
