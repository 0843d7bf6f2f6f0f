import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { causalConv3d } from '../../src/kernels/causalConv3d.js';
import { sliceFrames } from '../../src/kernels/frames.js';
import type { Device } from '../../src/tensor/device.js';
import { bfloat16ToFloat32, float32ToBfloat16, float32ToHalf, halfToFloat32 } from '../../src/weights/convert.js';
import { device } from '../support/device.js';
import { expectTwin, expectValues, normal, type Problem, randomTensor, run, seeds, sizes } from '../support/twins.js';

const problems = fc.record({
  frames: sizes(4),
  height: sizes(9),
  width: sizes(19),
  inChannels: sizes(13),
  outChannels: sizes(11),
  kernel: fc.constantFrom(1, 3),
  dtype: fc.constantFrom('f32' as const, 'bf16' as const, 'f16' as const),
  seed: seeds,
});
type ConvProblem = typeof problems extends fc.Arbitrary<infer Value> ? Value : never;

function inputsOf(on: Device, { frames, height, width, inChannels, seed }: ConvProblem) {
  const x = randomTensor(on, seed, [frames, height, width, inChannels]);
  return { x, history: randomTensor(on, seed + 1, [2, height, width, inChannels]) };
}

function weightsOf(on: Device, { inChannels, outChannels, kernel, dtype, seed }: ConvProblem, widened = false) {
  const shape = [outChannels, 3, kernel, kernel, inChannels];
  const fanIn = 3 * kernel * kernel * inChannels;
  const values = normal(seed + 2, outChannels * fanIn, fanIn ** -0.5);
  const bias = randomTensor(on, seed + 3, [outChannels]);
  if (dtype === 'f32') return { weight: on.upload(values, shape), bias };
  const bits = dtype === 'bf16' ? float32ToBfloat16(values) : float32ToHalf(values);
  const wide = dtype === 'bf16' ? bfloat16ToFloat32(bits) : halfToFloat32(bits);
  return { weight: widened ? on.upload(wide, shape) : on.upload(bits, shape, dtype), bias };
}

const problem =
  (drawn: ConvProblem, widened = false): Problem =>
  (on) => {
    const { x, history } = inputsOf(on, drawn);
    const { weight, bias } = weightsOf(on, drawn, widened);
    return causalConv3d(x, history, weight, bias);
  };

describe('causalConv3d', () => {
  test('agrees with its twin', async () => {
    await fc.assert(
      fc.asyncProperty(problems, (drawn) => expectTwin(problem(drawn))),
      { numRuns: 150 },
    );
  });

  test('is what can be worked out by hand', async () => {
    // One pixel, so only the middle tap of each frame counts: 100 * history[0] + 10 * history[1] + x[0] + 0.5, then on.
    const pinned: Problem = (on) => {
      const weight = new Float32Array(27);
      weight[4] = 100;
      weight[13] = 10;
      weight[22] = 1;
      return causalConv3d(
        on.upload(Float32Array.of(3, 4), [2, 1, 1, 1]),
        on.upload(Float32Array.of(1, 2), [2, 1, 1, 1]),
        on.upload(weight, [1, 3, 3, 3, 1]),
        on.upload(Float32Array.of(0.5), [1]),
      );
    };
    await expectValues(pinned, [123.5, 234.5], 0);
  });

  test('puts zeros around the picture', async () => {
    // All weights of the newest frame 1: every pixel becomes the sum of its neighbourhood in [1 2; 3 4].
    const pinned: Problem = (on) =>
      causalConv3d(
        on.upload(Float32Array.of(1, 2, 3, 4), [1, 2, 2, 1]),
        on.upload(new Float32Array(8).fill(9), [2, 2, 2, 1]),
        on.upload(new Float32Array(27).fill(1, 18), [1, 3, 3, 3, 1]),
        on.upload(Float32Array.of(0), [1]),
      );
    await expectValues(pinned, [10, 10, 10, 10], 0);
  });

  test('gives the same frames in two pieces, the first handing its last two to the second', async () => {
    await fc.assert(
      fc.asyncProperty(problems, fc.nat(), async (drawn, cut) => {
        const frames = drawn.frames + 2;
        const first = 2 + (cut % (frames - 2));
        const long = { ...drawn, frames };
        const whole = await run(problem(long));
        const second: Problem = (on) => {
          const { x } = inputsOf(on, long);
          const { weight, bias } = weightsOf(on, long);
          return causalConv3d(sliceFrames(x, first, frames - first), sliceFrames(x, first - 2, 2), weight, bias);
        };
        const tail = await run(second);
        expect(tail).toEqual(whole.slice(whole.length - tail.length));
      }),
      { numRuns: 30 },
    );
  });

  test('reads packed 16-bit weights exactly: the result is that of the same values in f32', async () => {
    await fc.assert(
      fc.asyncProperty(problems, async (drawn) => {
        expect(await run(problem(drawn))).toEqual(await run(problem(drawn, true)));
      }),
      { numRuns: 30 },
    );
  });

  test('refuses shapes that do not belong together', () => {
    const { x, history } = inputsOf(device, {
      frames: 1,
      height: 2,
      width: 2,
      inChannels: 3,
      outChannels: 2,
      kernel: 3,
      dtype: 'f32',
      seed: 1,
    });
    const bias = device.zeros([2]);
    const conv = (shape: number[]) => () => causalConv3d(x, history, device.zeros(shape), bias);
    expect(conv([2, 3, 3, 3, 4])).toThrow('causalConv3d: weight');
    expect(conv([2, 3, 2, 2, 3])).toThrow('spatial kernels of 3 or 1');
    expect(() => causalConv3d(x, x, device.zeros([2, 3, 3, 3, 3]), bias)).toThrow('causalConv3d: history');
  });
});
