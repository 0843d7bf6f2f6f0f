import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { conv2d } from '../../src/kernels/conv2d.js';
import type { Device } from '../../src/tensor/device.js';
import { float32ToBfloat16, float32ToHalf } from '../../src/weights/convert.js';
import { device } from '../support/device.js';
import { expectTwin, expectValues, normal, type Problem, randomTensor, run, seeds, sizes } from '../support/twins.js';

const problems = fc.record({
  frames: sizes(3),
  height: sizes(7),
  width: sizes(13),
  inChannels: sizes(11),
  outChannels: sizes(10),
  scale: fc.constantFrom(1 as const, 2 as const),
  parts: sizes(2),
  dtype: fc.constantFrom('f32' as const, 'bf16' as const, 'f16' as const),
  seed: seeds,
});
type ConvProblem = typeof problems extends fc.Arbitrary<infer Value> ? Value : never;

function weightsOf(on: Device, { inChannels, outChannels, dtype, seed }: ConvProblem) {
  const shape = [outChannels, 3, 3, inChannels];
  const values = normal(seed + 1, outChannels * 9 * inChannels, (9 * inChannels) ** -0.5);
  const bias = randomTensor(on, seed + 2, [outChannels]);
  if (dtype === 'f32') return { weight: on.upload(values, shape), bias };
  return {
    weight: on.upload(dtype === 'bf16' ? float32ToBfloat16(values) : float32ToHalf(values), shape, dtype),
    bias,
  };
}

const problem =
  (drawn: ConvProblem): Problem =>
  (on) => {
    const { frames, height, width, parts, inChannels, scale, seed } = drawn;
    const x = randomTensor(on, seed, [frames, height, width, parts * inChannels]);
    const { weight, bias } = weightsOf(on, drawn);
    return conv2d(x, weight, bias, { scale, parts });
  };

/** x [height, width, channels] with every pixel repeated twice both ways. */
function enlarged(x: Float32Array, height: number, width: number, channels: number): Float32Array {
  const y = new Float32Array(x.length * 4);
  for (let row = 0; row < height * 2; row++) {
    for (let column = 0; column < width * 2; column++) {
      const source = ((row >> 1) * width + (column >> 1)) * channels;
      y.set(x.subarray(source, source + channels), (row * width * 2 + column) * channels);
    }
  }
  return y;
}

describe('conv2d', () => {
  test('agrees with its twin', async () => {
    await fc.assert(
      fc.asyncProperty(problems, (drawn) => expectTwin(problem(drawn))),
      { numRuns: 150 },
    );
  });

  test('sums a neighbourhood of the enlarged picture, with zeros around it', async () => {
    // [1 2] enlarged is [1 1 2 2; 1 1 2 2]; all weights are 1.
    const pinned: Problem = (on) =>
      conv2d(
        on.upload(Float32Array.of(1, 2), [1, 1, 2, 1]),
        on.upload(new Float32Array(9).fill(1), [1, 3, 3, 1]),
        on.upload(Float32Array.of(0), [1]),
        { scale: 2 },
      );
    await expectValues(pinned, [4, 8, 10, 8, 4, 8, 10, 8], 0);
  });

  test('of an enlarged picture is that of the stored larger picture', async () => {
    await fc.assert(
      fc.asyncProperty(problems, async (drawn) => {
        const { height, width, inChannels, seed } = drawn;
        const once = { ...drawn, frames: 1, parts: 1 };
        const stored: Problem = (on) => {
          const { weight, bias } = weightsOf(on, once);
          const values = enlarged(normal(seed, height * width * inChannels), height, width, inChannels);
          return conv2d(on.upload(values, [1, height * 2, width * 2, inChannels]), weight, bias);
        };
        expect(await run(problem({ ...once, scale: 2 }))).toEqual(await run(stored));
      }),
      { numRuns: 30 },
    );
  });

  test('makes the pictures in a frame’s channels consecutive frames', async () => {
    // Two pictures of one pixel and one channel in each of two frames; the weight's middle tap is 1.
    const pinned: Problem = (on) =>
      conv2d(
        on.upload(Float32Array.of(1, 2, 3, 4), [2, 1, 1, 2]),
        on.upload(Float32Array.of(0, 0, 0, 0, 1, 0, 0, 0, 0), [1, 3, 3, 1]),
        on.upload(Float32Array.of(0), [1]),
        { parts: 2 },
      );
    await expectValues(pinned, [1, 2, 3, 4], 0);
  });

  test('refuses channels that do not split into the pictures asked for', () => {
    const x = device.zeros([1, 2, 2, 3]);
    expect(() => conv2d(x, device.zeros([1, 3, 3, 1]), device.zeros([1]), { parts: 2 })).toThrow('do not split');
  });
});
