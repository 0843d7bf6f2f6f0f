import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cast } from '../../../src/kernels/elementwise/cast.js';
import { add, gelu, silu } from '../../../src/kernels/elementwise/elementwise.js';
import { weightedSum } from '../../../src/kernels/elementwise/weightedSum.js';
import { gradientOf } from '../../../src/kernels/gradient/gradientOf.js';
import { concatFrames, mapRows, sliceFrames } from '../../../src/kernels/layout/frames.js';
import { patchify, unpatchify } from '../../../src/kernels/layout/patchify.js';
import { linear } from '../../../src/kernels/linear/linear.js';
import { gatedResidual } from '../../../src/kernels/modulation/modulation.js';
import { affineLayerNorm, modulatedLayerNorm } from '../../../src/kernels/norms/layerNorm.js';
import { rmsNorm } from '../../../src/kernels/norms/rmsNorm.js';
import { rmsNormRope } from '../../../src/kernels/norms/rmsNormRope.js';
import { rope } from '../../../src/kernels/rope/rope.js';
import { ropeTable } from '../../../src/models/wan/rope.js';
import type { Tensor } from '../../../src/tensor/tensor.js';
import { device } from '../../support/device.js';
import { expectGradient } from '../../support/gradients.js';
import { normal, randomTensor, run, seeds, sizes } from '../../support/twins.js';

// Every op that can be walked back: the twin of its gradient against differences of its own twin, the kernels against that.

const EPS = 1e-6;
const numRuns = 15;

/** Rows that alternate around `centre`: their variance stays clear of zero, where a norm's slope has no bound. */
const spread = (seed: number, rows: number, width: number, centre = 0) =>
  normal(seed, rows * width, 0.3).map((value, index) => centre + value + ((index % width) % 2 === 0 ? 1 : -1));

/** Tokens by latent frame. */
const grids = fc.record({ frames: sizes(4), tokens: sizes(6), width: sizes(80), chunks: sizes(5), seed: seeds });

describe('linear', () => {
  const layers = fc.record({
    frames: fc.constantFrom(1, 3),
    tokens: fc.constantFrom(1, 12),
    ins: sizes(40),
    outs: sizes(40),
    hasBias: fc.boolean(),
    ends: fc.constantFrom('none', 'gelu', 'residual', 'gate', 'gelu and gate'),
    seed: seeds,
  });

  test.each([1, 4])('with each of its ends, sizes in multiples of %i', async (unit) => {
    await fc.assert(
      fc.asyncProperty(layers, ({ frames, tokens, hasBias, ends, seed, ...sizesOf }) => {
        const [ins, outs] = [unit * sizesOf.ins, unit * sizesOf.outs];
        const body = (x: Tensor) => {
          const on = x.device;
          const weight = randomTensor(on, seed + 1, [outs, ins], 1 / Math.sqrt(ins));
          const bias = hasBias ? randomTensor(on, seed + 2, [outs]) : undefined;
          const gate = { modulation: randomTensor(on, seed + 3, [frames, 3, outs]), chunk: seed % 3 };
          // What the products are added to depends on x too.
          const to = linear(x, randomTensor(on, seed + 4, [outs, ins], 1 / Math.sqrt(ins)));
          return linear(x, weight, bias, {
            gelu: ends.startsWith('gelu'),
            residual: ends === 'residual' ? { to } : ends.endsWith('gate') ? { to, gate } : undefined,
          });
        };
        return expectGradient({ shape: [frames * tokens, ins], seed, body });
      }),
      { numRuns },
    );
  });

  test.each(['bf16', 'f16'] as const)('with weights in %s', async (type) => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(1, 9), sizes(20), sizes(20), seeds, (rows, half, ins, seed) =>
        expectGradient({
          shape: [rows, ins],
          seed,
          body: (x) => linear(x, cast(randomTensor(x.device, seed + 1, [half, ins], 1 / Math.sqrt(ins)), type)),
        }),
      ),
      { numRuns },
    );
  });
});

describe('norms', () => {
  test('rmsNorm', async () => {
    await fc.assert(
      fc.asyncProperty(sizes(9), sizes(150), seeds, (rows, width, seed) =>
        expectGradient({
          shape: [rows, width],
          seed,
          values: spread(seed, rows, width),
          body: (x) => rmsNorm(x, randomTensor(x.device, seed + 1, [width]), EPS),
        }),
      ),
      { numRuns },
    );
  });

  test('rmsNormRope, and rope by itself', async () => {
    const turned = fc.record({ frames: sizes(3), gridHeight: sizes(3), gridWidth: sizes(3), pairs: sizes(20) });
    await fc.assert(
      fc.asyncProperty(turned, sizes(3), seeds, fc.boolean(), ({ pairs, ...grid }, heads, seed, isAlone) => {
        const width = heads * 2 * pairs;
        const tokens = grid.frames * grid.gridHeight * grid.gridWidth;
        const body = (x: Tensor) => {
          const table = ropeTable(x.device, { ...grid, startFrame: 4, headDim: 2 * pairs });
          if (isAlone) return rope(x, table, heads);
          return rmsNormRope(x, randomTensor(x.device, seed + 1, [width]), EPS, table, heads);
        };
        return expectGradient({ shape: [tokens, width], seed, values: spread(seed, tokens, width), body });
      }),
      { numRuns },
    );
  });

  test('modulatedLayerNorm and affineLayerNorm', async () => {
    await fc.assert(
      fc.asyncProperty(grids, fc.boolean(), ({ frames, tokens, width, chunks, seed }, isAffine) =>
        expectGradient({
          shape: [frames * tokens, width + 1],
          seed,
          values: spread(seed, frames * tokens, width + 1, 2),
          body: (x) => {
            if (isAffine) return affineLayerNorm(x, randomTensor(x.device, seed + 1, [1, 2, width + 1]), EPS);
            const modulation = randomTensor(x.device, seed + 1, [frames, chunks, width + 1]);
            return modulatedLayerNorm(x, modulation, { shift: 0, scale: seed % chunks }, EPS);
          },
        }),
      ),
      { numRuns },
    );
  });
});

describe('sums and shapes', () => {
  test('gatedResidual, gelu, add and weightedSum, with a tensor that is used four times', async () => {
    await fc.assert(
      fc.asyncProperty(grids, ({ frames, tokens, width, chunks, seed }) =>
        expectGradient({
          shape: [frames * tokens, width],
          seed,
          body: (x) => {
            const modulation = randomTensor(x.device, seed + 1, [frames, chunks, width]);
            const branch = gelu(add(x, randomTensor(x.device, seed + 2, [frames * tokens, width])));
            return weightedSum([
              [0.5, gatedResidual(x, branch, modulation, seed % chunks)],
              [-2, branch],
              [1, x],
            ]);
          },
        }),
      ),
      { numRuns },
    );
  });

  test('patchify and unpatchify', async () => {
    const latents = fc.record({ frames: sizes(3), channels: sizes(4), rows: sizes(3), columns: sizes(3), seed: seeds });
    await fc.assert(
      fc.asyncProperty(latents, sizes(2), sizes(3), ({ frames, channels, rows, columns, seed }, height, width) => {
        const shape = [frames, channels, rows * height, columns * width];
        const body = (x: Tensor) => {
          const tokens = patchify(x, { height, width });
          return unpatchify(add(tokens, randomTensor(x.device, seed + 1, tokens.shape)), shape, { height, width });
        };
        return expectGradient({ shape, seed, body });
      }),
      { numRuns },
    );
  });

  test('slices, pieces and what is put one after the other, beside what does not depend on the input', async () => {
    await fc.assert(
      fc.asyncProperty(sizes(9), sizes(6), sizes(4), seeds, (rows, width, atOnce, seed) =>
        expectGradient({
          shape: [rows + 1, width],
          seed,
          body: (x) => {
            const part = sliceFrames(x, 1, rows);
            const constant = randomTensor(x.device, seed + 1, [2, width]);
            return gelu(concatFrames([constant, mapRows(x, atOnce, gelu), part]));
          },
        }),
      ),
      { numRuns },
    );
  });

  test.each(['bf16', 'f16'] as const)('a cast to %s is walked back as if it were none', async (type) => {
    const values = await run((on) => {
      const x = randomTensor(on, 1, [2, 6]);
      return gradientOf(
        x,
        (each) => gelu(cast(cast(each, type), 'f32')),
        (value) => value,
      ).gradient;
    });
    const expected = await run((on) => {
      const narrowed = cast(cast(randomTensor(on, 1, [2, 6]), type), 'f32');
      return gradientOf(narrowed, gelu, (value) => value).gradient;
    });
    expect(values).toEqual(expected);
  });
});

test('a launch that cannot be walked back is named', async () => {
  device.scope(() => {
    const x = randomTensor(device, 1, [2, 6]);
    expect(() => gradientOf(x, silu, (value) => value)).toThrow(/^elementwise.* cannot be walked back/);
  });
});
