import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cast } from '../../src/kernels/elementwise/cast.js';
import { channelNorm } from '../../src/kernels/norms/channelNorm.js';
import { gatherRows, updateRows } from '../../src/kernels/rows/rows.js';
import type { Device } from '../../src/tensor/device.js';
import { device } from '../support/device.js';
import { HALF_TOLERANCE } from '../support/tolerance.js';
import { expectTwin, expectValues, type Problem, randomTensor, run, seeds, sizes } from '../support/twins.js';

const narrow = fc.constantFrom('bf16' as const, 'f16' as const);

describe('cast', () => {
  test('agrees with its twin, to a type and back', async () => {
    const problems = fc.record({ rows: sizes(40), width: sizes(70), type: narrow, seed: seeds });
    await fc.assert(
      fc.asyncProperty(problems, ({ rows, width, type, seed }) =>
        // bf16 rounds the same way everywhere; f16 by the adapter's own conversion.
        expectTwin(
          (on) => cast(cast(randomTensor(on, seed, [rows, width]), type), 'f32'),
          type === 'bf16' ? 0 : HALF_TOLERANCE,
        ),
      ),
      { numRuns: 150 },
    );
  });

  test('rounds to nearest, half to even', async () => {
    const values = Float32Array.of(1, 1 + 2 ** -8, 1 + 3 * 2 ** -8, -1 - 2 ** -8, 0);
    const rounded: Problem = (on) => cast(cast(on.upload(values, [5]), 'bf16'), 'f32');
    await expectValues(rounded, [1, 1, 1 + 2 ** -6, -1, 0], 0);
  });

  test('saturates where f16 ends', async () => {
    const values = Float32Array.of(1e6, -1e6, 65504, 0.5);
    await expectValues((on) => cast(cast(on.upload(values, [4]), 'f16'), 'f32'), [65504, -65504, 65504, 0.5], 0);
  });

  test('to the type it has is the tensor itself', () => {
    device.scope(() => {
      const x = device.zeros([2, 2], 'f16');
      expect(cast(x, 'f16')).toBe(x);
    });
  });
});

describe('16-bit rows', () => {
  const indices = (on: Device, rows: readonly number[]) => on.upload(Uint32Array.from(rows), [rows.length]);

  test('are gathered and written like any others', async () => {
    const problems = fc.record({ capacity: sizes(20), pairs: sizes(20), type: narrow, seed: seeds });
    await fc.assert(
      fc.asyncProperty(problems, ({ capacity, pairs, type, seed }) => {
        const rows = [...Array(capacity).keys()].reverse();
        return expectTwin(
          (on) => {
            const table = cast(randomTensor(on, seed, [capacity, 2 * pairs]), type);
            const cache = on.zeros([capacity, 2 * pairs], type);
            updateRows(cache, indices(on, rows), gatherRows(table, indices(on, rows)));
            return cast(cache, 'f32');
          },
          type === 'bf16' ? 0 : HALF_TOLERANCE,
        );
      }),
    );
  });

  test('that do not fill whole words are refused', () => {
    device.scope(() => {
      const cache = device.zeros([4, 3], 'f16');
      expect(() => gatherRows(cache, indices(device, [0]))).toThrow('rows of 3 packed 16-bit values');
      expect(() => updateRows(cache, indices(device, [0]), device.zeros([1, 3]))).toThrow('rows of f32');
    });
  });
});

describe('channelNorm in f16', () => {
  test('agrees with its twin', async () => {
    const problems = fc.record({ pixels: sizes(150), pairs: sizes(35), silu: fc.boolean(), seed: seeds });
    await fc.assert(
      fc.asyncProperty(problems, ({ pixels, pairs, silu, seed }) =>
        expectTwin((on) => {
          const x = randomTensor(on, seed, [1, pixels, 1, 2 * pairs]);
          const gamma = randomTensor(on, seed + 1, [2 * pairs]);
          return cast(channelNorm(x, gamma, { silu, type: 'f16' }), 'f32');
        }, HALF_TOLERANCE),
      ),
    );
  });

  test('needs an even number of channels', () => {
    const odd: Problem = (on) => channelNorm(on.zeros([2, 3]), on.zeros([3]), { type: 'f16' });
    return expect(run(odd)).rejects.toThrow('3 channels do not pack');
  });
});
