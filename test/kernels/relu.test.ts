import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cast } from '../../src/kernels/elementwise/cast.js';
import { relu } from '../../src/kernels/elementwise/relu.js';
import { openDevice } from '../../src/node/openDevice.js';
import { HALF_TOLERANCE, KERNEL_TOLERANCE } from '../support/tolerance.js';
import { expectTwin, expectValues, type Problem, randomTensor, run, seeds, sizes } from '../support/twins.js';

const problems = fc.record({ rows: sizes(70), width: sizes(40), adds: fc.boolean(), half: fc.boolean(), seed: seeds });

describe('relu', () => {
  test('agrees with its twin', async () => {
    await fc.assert(
      fc.asyncProperty(problems, ({ rows, width, adds, half, seed }) =>
        expectTwin(
          (on) => {
            const shape = [rows, half ? 2 * width : width];
            const addend = adds ? randomTensor(on, seed + 1, shape) : undefined;
            return cast(relu(randomTensor(on, seed, shape), { addend, type: half ? 'f16' : 'f32' }), 'f32');
          },
          half ? HALF_TOLERANCE : KERNEL_TOLERANCE,
        ),
      ),
      { numRuns: 150 },
    );
  });

  test('adds before it cuts, and ends where f16 does', async () => {
    const pinned: Problem = (on) => {
      const [x, addend] = [Float32Array.of(-1, 1, -3, 1e6), Float32Array.of(3, -2, 0, 0)];
      return cast(relu(on.upload(x, [1, 4]), { addend: on.upload(addend, [1, 4]), type: 'f16' }), 'f32');
    };
    await expectValues(pinned, [2, 0, 0, 65504], 0);
  });

  test('gives the same bits where a launch is cut', async () => {
    const large: Problem = (on) => {
      const addend = randomTensor(on, 2, [3000, 24]);
      return cast(relu(randomTensor(on, 1, [3000, 24]), { addend, type: 'f16' }), 'f32');
    };
    const small = await openDevice({ maxBindingBytes: 2 ** 17 });
    expect(await run(large, small)).toEqual(await run(large));
    small.close();
  });

  test('refuses an addend of another shape, and odd rows in f16', async () => {
    const other: Problem = (on) => relu(on.zeros([2, 2]), { addend: on.zeros([4]) });
    await expect(run(other)).rejects.toThrow('relu: addend: expected shape [2, 2]');
    await expect(run((on) => relu(on.zeros([2, 3]), { type: 'f16' }))).rejects.toThrow('rows of 3 do not pack');
  });
});
