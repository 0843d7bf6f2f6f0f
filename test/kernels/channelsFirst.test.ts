import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { channelsFirst } from '../../src/kernels/layout/channelsFirst.js';
import { expectTwin, expectValues, type Problem, randomTensor, run, seeds, sizes } from '../support/twins.js';

const problems = fc.record({ frames: sizes(4), channels: sizes(17), height: sizes(9), width: sizes(9), seed: seeds });

describe('channelsFirst', () => {
  test('agrees with its twin', async () => {
    await fc.assert(
      fc.asyncProperty(problems, ({ frames, channels, height, width, seed }) =>
        expectTwin((on) => {
          const deviations = Float32Array.from({ length: channels }, (_, channel) => 0.5 + (channel % 5));
          return channelsFirst(randomTensor(on, seed, [frames, height, width, 2 * channels]), {
            mean: randomTensor(on, seed + 1, [channels]),
            std: on.upload(deviations, [channels]),
          });
        }),
      ),
      { numRuns: 100 },
    );
  });

  test('normalises each channel by its own mean and deviation, and drops the log variances', async () => {
    const pinned: Problem = (on) =>
      channelsFirst(on.upload(Float32Array.of(1, 140, 9, 9, 2, 150, 9, 9, 3, 160, 9, 9), [1, 1, 3, 4]), {
        mean: on.upload(Float32Array.of(0, 100), [2]),
        std: on.upload(Float32Array.of(1, 10), [2]),
      });
    await expectValues(pinned, [1, 2, 3, 4, 5, 6], 0);
  });

  test('refuses moments of another number of channels', () => {
    const wrong: Problem = (on) => channelsFirst(on.zeros([1, 1, 1, 3]), { mean: on.zeros([2]), std: on.zeros([2]) });
    return expect(run(wrong)).rejects.toThrow('channelsFirst: moments: expected shape [?, ?, ?, 4]');
  });
});
