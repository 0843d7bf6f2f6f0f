import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { conv2d } from '../../src/kernels/convolution/conv2d.js';
import type { Form } from '../../src/kernels/forms/form.js';
import type { Device } from '../../src/tensor/device.js';
import { expectPieces, formsOf, type Typed, testForm } from '../support/convProblems.js';
import { device } from '../support/device.js';
import { typedTensor } from '../support/packed.js';
import { expectValues, normal, type Problem, randomTensor, run, seeds, sizes } from '../support/twins.js';

const anySize = fc.record({
  frames: sizes(3),
  height: fc.integer({ min: 2, max: 8 }), // a picture of 1 cannot be halved
  width: fc.integer({ min: 2, max: 19 }),
  scale: fc.constantFrom<(1 | 2)[]>(1, 2),
  stride: fc.constantFrom<(1 | 2)[]>(1, 2),
  zeros: fc.constantFrom<('after' | 'around')[]>('after', 'around'),
  parts: sizes(2),
  seed: seeds,
});
const anyChannels = fc.record({ inChannels: sizes(11), outChannels: sizes(10) });
type ConvProblem = typeof anySize extends fc.Arbitrary<infer Size> ? Typed<Size> : never;

function weightsOf(on: Device, { inChannels, outChannels, dtype, seed }: ConvProblem, widened = false) {
  const values = normal(seed + 1, outChannels * 9 * inChannels, (9 * inChannels) ** -0.5);
  const weight = typedTensor(on, values, [outChannels, 3, 3, inChannels], dtype, widened);
  return { weight, bias: randomTensor(on, seed + 2, [outChannels]) };
}

const problem =
  (drawn: ConvProblem, form: Form, widened = false): Problem =>
  (on) => {
    const { frames, height, width, parts, inChannels, inputType, scale, stride, zeros, seed } = drawn;
    const values = normal(seed, frames * height * width * parts * inChannels);
    const x = typedTensor(on, values, [frames, height, width, parts * inChannels], inputType, widened);
    const { weight, bias } = weightsOf(on, drawn, widened);
    return conv2d(x, weight, bias, { scale, parts, stride, zeros, form });
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

describe.each(formsOf(anySize, anyChannels))('conv2d, %s', (form, problems) => {
  testForm(problems, (drawn, widened) => problem(drawn, form, widened));

  test('gives the same bits where a launch is cut', async () => {
    const channels = { inChannels: 16, outChannels: 64, dtype: 'bf16', inputType: 'f16' } as const;
    const size = { frames: 3, height: 8, width: 9, scale: 2, stride: 1, zeros: 'after', parts: 1 } as const;
    await expectPieces(problem({ ...size, seed: 1, ...channels }, form));
  });

  test('of an enlarged picture is that of the stored larger picture', async () => {
    await fc.assert(
      fc.asyncProperty(problems, async (drawn) => {
        const { height, width, inChannels, seed } = drawn;
        const once = { ...drawn, frames: 1, parts: 1, stride: 1 as const, inputType: 'f32' as const };
        const stored: Problem = (on) => {
          const { weight, bias } = weightsOf(on, once);
          const values = enlarged(normal(seed, height * width * inChannels), height, width, inChannels);
          return conv2d(on.upload(values, [1, height * 2, width * 2, inChannels]), weight, bias, { form });
        };
        expect(await run(problem({ ...once, scale: 2 }, form))).toEqual(await run(stored));
      }),
      { numRuns: 30 },
    );
  });
});

describe('conv2d', () => {
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

  test('halves a picture with zeros on the right and at the bottom', async () => {
    // [1 2 3 4; 5 6 7 8; 9 10 11 12]; all weights are 1: rows 0 to 2 of columns 0 to 2, then of columns 2 and 3.
    const pinned: Problem = (on) =>
      conv2d(
        on.upload(
          Float32Array.from({ length: 12 }, (_, index) => index + 1),
          [1, 3, 4, 1],
        ),
        on.upload(new Float32Array(9).fill(1), [1, 3, 3, 1]),
        on.upload(Float32Array.of(0), [1]),
        { stride: 2 },
      );
    await expectValues(pinned, [54, 45], 0);
  });

  test('halves a picture with zeros all around', async () => {
    // The same: rows 0 and 1 of columns 0 and 1, then of columns 1 to 3.
    const pinned: Problem = (on) =>
      conv2d(
        on.upload(
          Float32Array.from({ length: 12 }, (_, index) => index + 1),
          [1, 3, 4, 1],
        ),
        on.upload(new Float32Array(9).fill(1), [1, 3, 3, 1]),
        on.upload(Float32Array.of(0), [1]),
        { stride: 2, zeros: 'around' },
      );
    await expectValues(pinned, [14, 30], 0);
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

  test('refuses to halve a single row', () => {
    const x = device.zeros([1, 1, 4, 1]);
    expect(() => conv2d(x, device.zeros([1, 3, 3, 1]), device.zeros([1]), { stride: 2 })).toThrow('cannot be halved');
  });

  test('refuses channels that do not split into the pictures asked for', () => {
    const x = device.zeros([1, 2, 2, 3]);
    expect(() => conv2d(x, device.zeros([1, 3, 3, 1]), device.zeros([1]), { parts: 2 })).toThrow('do not split');
  });
});
