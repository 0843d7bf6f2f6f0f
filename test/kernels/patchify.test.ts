import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { patchify, unpatchify } from '../../src/kernels/layout/patchify.js';
import { device } from '../support/device.js';
import { expectTwin, expectValues, normal, randomTensor, run, seeds, sizes } from '../support/twins.js';

const problems = fc
  .record({
    frames: sizes(3),
    channels: sizes(5),
    rows: sizes(5),
    columns: sizes(5),
    patch: fc.record({ height: sizes(3), width: sizes(3) }),
    seed: seeds,
  })
  .map(({ frames, channels, rows, columns, patch, seed }) => ({
    shape: [frames, channels, rows * patch.height, columns * patch.width],
    tokens: [frames * rows * columns, channels * patch.height * patch.width],
    patch,
    seed,
  }));

/** A token's components from (channel, in patch) to (in patch, channel): the head writes what the embedding reads. */
function channelsLast(tokens: ArrayLike<number>, channels: number, patchArea: number): Float32Array {
  const width = channels * patchArea;
  return Float32Array.from({ length: tokens.length }, (_, index) => {
    const component = index % width;
    const channel = component % channels;
    const inPatch = Math.floor(component / channels);
    return tokens[index - component + channel * patchArea + inPatch];
  });
}

describe('patchify and unpatchify', () => {
  test('agree with their twins to the bit', async () => {
    await fc.assert(
      fc.asyncProperty(problems, async ({ shape, tokens, patch, seed }) => {
        await expectTwin((on) => patchify(randomTensor(on, seed, shape), patch), 0);
        await expectTwin((on) => unpatchify(randomTensor(on, seed, tokens), shape, patch), 0);
      }),
    );
  });

  test('unpatchify undoes patchify once the components are reordered', async () => {
    await fc.assert(
      fc.asyncProperty(problems, async ({ shape, tokens, patch, seed }) => {
        const cut = await run((on) => patchify(randomTensor(on, seed, shape), patch));
        const reordered = channelsLast(cut, shape[1], patch.height * patch.width);
        const restored = await run((on) => unpatchify(on.upload(reordered, tokens), shape, patch));
        expect([...restored]).toEqual([...normal(seed, restored.length)]);
      }),
    );
  });

  test('order components as the patch embedding and the head do', async () => {
    // One frame of 2 channels, 2 x 4 pixels: channel 0 counts 0 to 7, channel 1 from 10 to 17.
    const latents = Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 13, 14, 15, 16, 17);
    const patch = { height: 2, width: 2 };
    await expectValues(
      (on) => patchify(on.upload(latents, [1, 2, 2, 4]), patch),
      [0, 1, 4, 5, 10, 11, 14, 15, 2, 3, 6, 7, 12, 13, 16, 17],
      0,
    );
    const head = Float32Array.of(0, 10, 1, 11, 4, 14, 5, 15, 2, 12, 3, 13, 6, 16, 7, 17);
    await expectValues((on) => unpatchify(on.upload(head, [2, 8]), [1, 2, 2, 4], patch), [...latents], 0);
  });

  test('refuse sizes that do not split into patches', () => {
    device.scope(() => {
      expect(() => patchify(device.zeros([1, 2, 3, 4]), { height: 2, width: 2 })).toThrow(
        'latent frames of 3x4 do not split into patches of 2x2',
      );
      expect(() => unpatchify(device.zeros([5, 8]), [1, 2, 4, 4], { height: 2, width: 2 })).toThrow(
        'unpatchify: tokens: expected shape [4, 8]',
      );
    });
  });
});
