import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { channelsLast } from '../../src/kernels/layout/channelsLast.js';
import { expectTwin, expectValues, type Problem, randomTensor, run, seeds, sizes } from '../support/twins.js';

const problems = fc
  .record({ available: sizes(4), channels: sizes(17), height: sizes(9), width: sizes(9), seed: seeds })
  .chain((shape) =>
    fc
      .tuple(fc.integer({ min: 0, max: shape.available - 1 }), fc.nat())
      .map(([firstFrame, more]) => ({ ...shape, firstFrame, frames: 1 + (more % (shape.available - firstFrame)) })),
  );

describe('channelsLast', () => {
  test('agrees with its twin', async () => {
    await fc.assert(
      fc.asyncProperty(problems, ({ available, channels, height, width, firstFrame, frames, seed }) =>
        expectTwin((on) =>
          channelsLast(
            randomTensor(on, seed, [available, channels, height, width]),
            { mean: randomTensor(on, seed + 1, [channels]), std: randomTensor(on, seed + 2, [channels]) },
            { firstFrame, frames },
          ),
        ),
      ),
      { numRuns: 100 },
    );
  });

  test('puts a pixel’s channels side by side, each with its own mean and deviation', async () => {
    const pinned: Problem = (on) =>
      channelsLast(on.upload(Float32Array.of(1, 2, 3, 4, 5, 6), [1, 2, 1, 3]), {
        mean: on.upload(Float32Array.of(0, 100), [2]),
        std: on.upload(Float32Array.of(1, 10), [2]),
      });
    await expectValues(pinned, [1, 140, 2, 150, 3, 160], 0);
  });

  test('refuses frames that are not there', () => {
    const wrong: Problem = (on) =>
      channelsLast(on.zeros([2, 1, 1, 1]), { mean: on.zeros([1]), std: on.zeros([1]) }, { firstFrame: 1, frames: 2 });
    return expect(run(wrong)).rejects.toThrow('frames 1 to 2 of latents that have 2');
  });
});
