import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { add, gelu, multiply, silu, softClamp } from '../../src/kernels/elementwise/elementwise.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { device } from '../support/device.js';
import { expectTwin, expectValues, randomTensor, run, seeds, sizes } from '../support/twins.js';

const OPERATIONS: Readonly<Record<string, (a: Tensor, b: Tensor) => Tensor>> = {
  add,
  multiply,
  gelu: (a) => gelu(a),
  silu: (a) => silu(a),
  softClamp: (a) => softClamp(a),
};

/** Columns of any number, and of a multiple of 4, which another form of the kernel does: there it loops past 1024 fours. */
const columnsOf: Record<string, fc.Arbitrary<number>> = {
  'any width': sizes(300),
  'a width in fours': sizes(600).map((size) => 4 * size),
};

describe.each(Object.entries(columnsOf))('elementwise, %s', (_, widths) => {
  for (const [name, operation] of Object.entries(OPERATIONS)) {
    test(`${name} agrees with its twin`, async () => {
      await fc.assert(
        fc.asyncProperty(sizes(5), widths, seeds, (rows, columns, seed) =>
          expectTwin((on) =>
            operation(randomTensor(on, seed, [rows, columns], 3), randomTensor(on, seed + 1, [rows, columns])),
          ),
        ),
      );
    });
  }
});

describe('elementwise', () => {
  test('gelu is the tanh form, not the erf form', async () => {
    // The erf form is 0.841345 at 1 and -0.158655 at -1.
    const x = Float32Array.of(-3, -1, 0, 1, 3);
    await expectValues((on) => gelu(on.upload(x, [5])), [-0.00363739, -0.158808, 0, 0.841192, 2.9963626]);
  });

  test('silu is x times its sigmoid', async () => {
    await expectValues((on) => silu(on.upload(Float32Array.of(-2, 0, 1), [3])), [-0.23840584, 0, 0.73105858]);
  });

  test('softClamp ends at 3', async () => {
    const x = Float32Array.of(-1000, -3, 0, 0.3, 1000);
    await expectValues((on) => softClamp(on.upload(x, [5])), [-3, -2.2847825, 0, 0.29900398, 3]);
  });

  test('gelu and silu of values far from zero stay finite', async () => {
    const x = Float32Array.of(-1000, -100, 100, 1000);
    for (const operation of [gelu, silu]) {
      await expectValues((on) => operation(on.upload(x, [4])), [0, 0, 100, 1000]);
    }
  });

  test('add and multiply', async () => {
    const [a, b] = [Float32Array.of(1, -2, 0.5), Float32Array.of(4, 8, -2)];
    await expectValues((on) => add(on.upload(a, [3]), on.upload(b, [3])), [5, 6, -1.5], 0);
    await expectValues((on) => multiply(on.upload(a, [3]), on.upload(b, [3])), [4, -16, -1], 0);
  });

  test('refuses inputs of different shapes, even of the same size', () => {
    device.scope(() => {
      expect(() => add(device.zeros([2, 3]), device.zeros([3, 2]))).toThrow('add: second input: expected shape [2, 3]');
    });
  });

  test('does not change its inputs', async () => {
    const result = await run((on) => {
      const a = randomTensor(on, 1, [100]);
      gelu(a);
      silu(a);
      add(a, a);
      return a;
    });
    expect(Float32Array.from(result)).toEqual(Float32Array.from(await run((on) => randomTensor(on, 1, [100]))));
  });
});
