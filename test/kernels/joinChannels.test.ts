import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cast } from '../../src/kernels/elementwise/cast.js';
import { joinChannels } from '../../src/kernels/layout/joinChannels.js';
import { openDevice } from '../../src/node/openDevice.js';
import { HALF_TOLERANCE } from '../support/tolerance.js';
import { expectTwin, expectValues, type Problem, randomTensor, run, seeds, sizes } from '../support/twins.js';

const problems = fc.record({ pixels: sizes(70), left: sizes(20), right: sizes(20), half: fc.boolean(), seed: seeds });

describe('joinChannels', () => {
  test('agrees with its twin', async () => {
    await fc.assert(
      fc.asyncProperty(problems, ({ pixels, left, right, half, seed }) =>
        expectTwin(
          (on) => {
            const [a, b] = [left, right].map((channels, index) =>
              randomTensor(on, seed + index, [1, pixels, 1, half ? 2 * channels : channels]),
            );
            return cast(joinChannels(a, b, half ? 'f16' : 'f32'), 'f32');
          },
          half ? HALF_TOLERANCE : 0,
        ),
      ),
      { numRuns: 150 },
    );
  });

  test('puts the channels of one behind those of the other', async () => {
    const pinned: Problem = (on) =>
      joinChannels(on.upload(Float32Array.of(1, 2, 3, 4), [2, 2]), on.upload(Float32Array.of(5, 6), [2, 1]));
    await expectValues(pinned, [1, 2, 5, 3, 4, 6], 0);
  });

  test('gives the same bits where a launch is cut', async () => {
    const large: Problem = (on) => joinChannels(randomTensor(on, 1, [2000, 24]), randomTensor(on, 2, [2000, 8]));
    const small = await openDevice({ maxBindingBytes: 2 ** 17 });
    expect(await run(large, small)).toEqual(await run(large));
    small.close();
  });

  test('refuses pictures of different sizes, and odd channels in f16', async () => {
    const other: Problem = (on) => joinChannels(on.zeros([2, 2]), on.zeros([3, 2]));
    await expect(run(other)).rejects.toThrow('joinChannels: b: expected shape [2, ?]');
    const odd: Problem = (on) => joinChannels(on.zeros([2, 2]), on.zeros([2, 3]), 'f16');
    await expect(run(odd)).rejects.toThrow('2 and 3 channels do not pack');
  });
});
