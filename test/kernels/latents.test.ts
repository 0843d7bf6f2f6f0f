import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tokenDrift, tokenSummary } from '../../src/kernels/drift/tokenDrift.js';
import { blendFrames } from '../../src/kernels/elementwise/blendFrames.js';
import { patchify } from '../../src/kernels/layout/patchify.js';
import { device } from '../support/device.js';
import { expectTwin, expectValues, normal, randomTensor, run, seeds, sizes } from '../support/twins.js';

const videos = fc
  .record({
    frames: sizes(5),
    channels: sizes(5),
    rows: sizes(5),
    columns: sizes(5),
    patch: fc.record({ height: sizes(3), width: sizes(3) }),
    seed: seeds,
  })
  .map(({ frames, channels, rows, columns, patch, seed }) => ({
    shape: [frames, channels, rows * patch.height, columns * patch.width],
    patch,
    seed,
  }));

describe('blendFrames', () => {
  test('agrees with its twin', async () => {
    await fc.assert(
      fc.asyncProperty(videos, ({ shape, seed }) => {
        const numbers = normal(seed + 2, shape[0] * 2);
        const coefficients = Array.from({ length: shape[0] }, (_, f) => [numbers[2 * f], numbers[2 * f + 1]] as const);
        return expectTwin((on) =>
          blendFrames(randomTensor(on, seed, shape), randomTensor(on, seed + 1, shape), coefficients),
        );
      }),
    );
  });

  test('gives every frame its own pair of factors', async () => {
    const a = Float32Array.of(1, 2, 3, 4);
    const b = Float32Array.of(10, 20, 30, 40);
    const pairs = [[1, 0.5] as const, [0, -1] as const];
    await expectValues((on) => blendFrames(on.upload(a, [2, 2]), on.upload(b, [2, 2]), pairs), [6, 12, -30, -40], 0);
  });

  test('refuses another number of pairs than frames', () => {
    device.scope(() => {
      const x = device.zeros([2, 3]);
      expect(() => blendFrames(x, x, [[1, 0]])).toThrow('2 frames need as many pairs');
    });
  });
});

describe('tokenSummary', () => {
  test('agrees with its twin', async () => {
    await fc.assert(
      fc.asyncProperty(videos, ({ shape, patch, seed }) =>
        expectTwin((on) => tokenSummary(randomTensor(on, seed, shape), patch)),
      ),
    );
  });

  test('of one frame is that frame as tokens', async () => {
    await fc.assert(
      fc.asyncProperty(videos, async ({ shape, patch, seed }) => {
        const one = [1, ...shape.slice(1)];
        const summary = await run((on) => tokenSummary(randomTensor(on, seed, one), patch));
        expect(summary).toEqual(await run((on) => patchify(randomTensor(on, seed, one), patch)));
      }),
    );
  });

  test('is the mean over frames', async () => {
    // 2 frames of 1 channel, 1 x 2 pixels, patches of one pixel.
    await expectValues(
      (on) => tokenSummary(on.upload(Float32Array.of(1, 2, 3, 8), [2, 1, 1, 2]), { height: 1, width: 1 }),
      [2, 5],
      0,
    );
  });

  test('refuses sizes that do not split into patches', () => {
    device.scope(() => {
      expect(() => tokenSummary(device.zeros([1, 2, 4, 3]), { height: 2, width: 2 })).toThrow('do not split');
    });
  });
});

describe('tokenDrift', () => {
  test('agrees with its twin', async () => {
    await fc.assert(
      fc.asyncProperty(sizes(150), sizes(70), seeds, (tokens, components, seed) =>
        expectTwin((on) =>
          tokenDrift(randomTensor(on, seed, [tokens, components]), randomTensor(on, seed + 1, [tokens, components])),
        ),
      ),
    );
  });

  test('is the Euclidean distance', async () => {
    await expectValues(
      (on) =>
        tokenDrift(on.upload(Float32Array.of(1, 2, 0, 0), [2, 2]), on.upload(Float32Array.of(4, 6, 0, 0), [2, 2])),
      [5, 0],
    );
  });

  test('is zero where nothing moved, and the same in both directions', async () => {
    await fc.assert(
      fc.asyncProperty(sizes(80), sizes(70), seeds, async (tokens, components, seed) => {
        const shape = [tokens, components];
        const drift = (from: number, to: number) =>
          run((on) => tokenDrift(randomTensor(on, to, shape), randomTensor(on, from, shape)));
        expect((await drift(seed, seed)).every((distance) => distance === 0)).toBe(true);
        expect(await drift(seed, seed + 1)).toEqual(await drift(seed + 1, seed));
      }),
    );
  });
});
