import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { patchesToPixels, pixelsToPatches } from '../../src/kernels/layout/patchPixels.js';
import { expectTwin, expectValues, type Problem, randomTensor, run, seeds, sizes } from '../support/twins.js';

const problems = fc.record({
  frames: sizes(3),
  rows: sizes(4),
  columns: sizes(5),
  channels: sizes(4),
  patch: sizes(3),
  seed: seeds,
});
const AS_IT_IS = { scale: 1, offset: 0 };

describe('patchPixels', () => {
  test('agrees with its twin, both ways', async () => {
    await fc.assert(
      fc.asyncProperty(problems, async ({ frames, rows, columns, channels, patch, seed }) => {
        const range = { scale: 0.5, offset: 0.25 };
        const pixels = [frames, rows * patch, columns * patch, channels];
        await expectTwin((on) => pixelsToPatches(randomTensor(on, seed, pixels), patch, range));
        const patches = [frames, rows, columns, channels * patch * patch];
        await expectTwin((on) => patchesToPixels(randomTensor(on, seed, patches), patch, range));
      }),
    );
  });

  test('there and back is where it began', async () => {
    await fc.assert(
      fc.asyncProperty(problems, async ({ frames, rows, columns, channels, patch, seed }) => {
        const pixels: Problem = (on) => randomTensor(on, seed, [frames, rows * patch, columns * patch, channels]);
        const back: Problem = (on) => patchesToPixels(pixelsToPatches(pixels(on), patch, AS_IT_IS), patch, AS_IT_IS);
        expect(await run(back)).toEqual(await run(pixels));
      }),
      { numRuns: 30 },
    );
  });

  test('numbers channels as PyTorch does: by channel, row, column', async () => {
    // Two channels of a picture of 2x2: 1 2 / 3 4 and 10 20 / 30 40.
    const pinned: Problem = (on) =>
      pixelsToPatches(on.upload(Float32Array.of(1, 10, 2, 20, 3, 30, 4, 40), [1, 2, 2, 2]), 2, { scale: 2, offset: 1 });
    await expectValues(pinned, [3, 5, 7, 9, 21, 41, 61, 81], 0);
  });

  test('refuses what does not split', async () => {
    await expect(run((on) => pixelsToPatches(on.zeros([1, 3, 4, 1]), 2, AS_IT_IS))).rejects.toThrow(
      'pictures of 4x3 do not split into patches of 2x2',
    );
    await expect(run((on) => patchesToPixels(on.zeros([1, 1, 1, 6]), 2, AS_IT_IS))).rejects.toThrow('6 channels');
  });
});
