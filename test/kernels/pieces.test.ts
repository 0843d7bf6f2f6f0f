import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cast } from '../../src/kernels/elementwise/cast.js';
import { add, gelu, silu } from '../../src/kernels/elementwise/elementwise.js';
import { gatedResidual } from '../../src/kernels/modulation/modulation.js';
import { channelNorm } from '../../src/kernels/norms/channelNorm.js';
import { affineLayerNorm, modulatedLayerNorm } from '../../src/kernels/norms/layerNorm.js';
import { rmsNorm } from '../../src/kernels/norms/rmsNorm.js';
import { rmsNormRope } from '../../src/kernels/norms/rmsNormRope.js';
import { rope } from '../../src/kernels/rope/rope.js';
import { ropeTable } from '../../src/models/wan/rope.js';
import { openDevice } from '../../src/node/openDevice.js';
import type { Device } from '../../src/tensor/device.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { device } from '../support/device.js';
import { dispatchesOf } from '../support/dispatches.js';
import { randomTensor, run, seeds, sizes } from '../support/twins.js';

/** An adapter that binds so little that every launch below must be cut. */
const MAX_BYTES = 64 * 256;
const small = await openDevice({ maxBindingBytes: MAX_BYTES });

/** Rows of 64 values are 256 bytes: pieces of 64 rows. */
const WIDTH = 64;
const FRAMES = 5;
const heads = 2;
const grid = { startFrame: 3, frames: FRAMES, gridHeight: 8, gridWidth: 9, headDim: WIDTH / heads };
const ROWS = FRAMES * grid.gridHeight * grid.gridWidth;

const rowsOf = (on: Device, seed: number) => randomTensor(on, seed, [ROWS, WIDTH]);
const LAUNCHES: Record<string, (on: Device, seed: number) => Tensor> = {
  add: (on, seed) => add(rowsOf(on, seed), rowsOf(on, seed + 1)),
  gelu: (on, seed) => gelu(rowsOf(on, seed)),
  silu: (on, seed) => silu(rowsOf(on, seed)),
  rmsNorm: (on, seed) => rmsNorm(rowsOf(on, seed), randomTensor(on, seed + 1, [WIDTH]), 1e-6),
  'cast to f16 and back': (on, seed) => cast(cast(rowsOf(on, seed), 'f16'), 'f32'),
  'channelNorm in f16': (on, seed) => {
    const gamma = randomTensor(on, seed + 1, [WIDTH]);
    return cast(channelNorm(rowsOf(on, seed), gamma, { silu: true, type: 'f16' }), 'f32');
  },
  affineLayerNorm: (on, seed) => affineLayerNorm(rowsOf(on, seed), randomTensor(on, seed + 1, [1, 2, WIDTH]), 1e-6),
  modulatedLayerNorm: (on, seed) => {
    const modulation = randomTensor(on, seed + 1, [FRAMES, 6, WIDTH]);
    return modulatedLayerNorm(rowsOf(on, seed), modulation, { shift: 1, scale: 4 }, 1e-6);
  },
  'modulatedLayerNorm, plain': (on, seed) => {
    const modulation = randomTensor(on, seed + 1, [FRAMES, 6, WIDTH]);
    return modulatedLayerNorm(rowsOf(on, seed), modulation, { shift: 1, scale: 4 }, 1e-6, 'plain');
  },
  gatedResidual: (on, seed) =>
    gatedResidual(rowsOf(on, seed), rowsOf(on, seed + 1), randomTensor(on, seed + 2, [FRAMES, 6, WIDTH]), 5),
  rope: (on, seed) => rope(rowsOf(on, seed), ropeTable(on, grid), heads),
  'rmsNormRope to f16': (on, seed) => {
    const weight = randomTensor(on, seed + 1, [WIDTH]);
    return cast(rmsNormRope(rowsOf(on, seed), weight, 1e-6, ropeTable(on, grid), heads, { dtype: 'f16' }), 'f32');
  },
};

describe('a launch that is cut into pieces', () => {
  test.each(Object.entries(LAUNCHES))('%s gives the bytes of the whole launch', async (_, launch) => {
    expect(ROWS * WIDTH * 4).toBeGreaterThan(5 * MAX_BYTES);
    await fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        const pieces = await run((on) => launch(on, seed), small);
        expect(pieces).toEqual(await run((on) => launch(on, seed), device));
      }),
      { numRuns: 5 },
    );
  });

  test.each(Object.entries(LAUNCHES))('%s gives them where it is cut for its time', async (_, launch) => {
    // Believed to be so slow that every launch must be cut, until the first tells how fast it is.
    const slow = await openDevice({ operationsASecond: 1 });
    const pieces = await dispatchesOf(slow, () => run((on) => launch(on, 1), slow));
    slow.close();
    expect(pieces.dispatches).toBeGreaterThan(3);
    expect(pieces.result).toEqual(await run((on) => launch(on, 1), device));
  });

  test('has pieces that begin where the adapter lets a binding begin', async () => {
    // Rows of 12 bytes: only every 64th begins on a multiple of 256.
    await fc.assert(
      fc.asyncProperty(sizes(4000), seeds, async (rows, seed) => {
        const norm = (on: Device) => rmsNorm(randomTensor(on, seed, [rows, 3]), randomTensor(on, seed, [3]), 1e-6);
        expect(await run(norm, small)).toEqual(await run(norm, device));
      }),
      { numRuns: 20 },
    );
  });

  test('is refused where a tensor cannot be cut', () => {
    small.scope(() => {
      const x = small.zeros([2, MAX_BYTES]);
      const weight = small.zeros([MAX_BYTES]);
      expect(() => rmsNorm(x, weight, 1e-6)).toThrow(/rmsNorm.*: a tensor .* takes 1 MiB, but .* binds at most 1 MiB/);
    });
  });
});
