import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { causalConv3d } from '../../src/kernels/convolution/causalConv3d.js';
import type { Form } from '../../src/kernels/forms/form.js';
import { sliceFrames } from '../../src/kernels/layout/frames.js';
import type { Device } from '../../src/tensor/device.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { expectPieces, formsOf, type Typed, testForm } from '../support/convProblems.js';
import { device } from '../support/device.js';
import { typedTensor } from '../support/packed.js';
import { expectValues, normal, type Problem, randomTensor, run, seeds, sizes } from '../support/twins.js';

const anySize = fc.record({
  frames: sizes(4),
  height: sizes(9),
  width: sizes(19),
  kernel: fc.constantFrom(1, 3),
  seed: seeds,
});
const anyChannels = fc.record({ inChannels: sizes(13), outChannels: sizes(11) });
type ConvProblem = typeof anySize extends fc.Arbitrary<infer Size> ? Typed<Size> : never;

function inputsOf(on: Device, drawn: ConvProblem, widened = false) {
  const { frames, height, width, inChannels, inputType, seed } = drawn;
  const pixels = height * width * inChannels;
  const part = (values: Float32Array, count: number) =>
    typedTensor(on, values, [count, height, width, inChannels], inputType, widened);
  const history = [part(normal(seed + 1, pixels), 1), part(normal(seed + 2, pixels), 1)] as const;
  return { x: part(normal(seed, frames * pixels), frames), history };
}

function weightsOf(on: Device, { inChannels, outChannels, kernel, dtype, seed }: ConvProblem, widened = false) {
  const fanIn = 3 * kernel * kernel * inChannels;
  const values = normal(seed + 3, outChannels * fanIn, fanIn ** -0.5);
  const weight = typedTensor(on, values, [outChannels, 3, kernel, kernel, inChannels], dtype, widened);
  return { weight, bias: randomTensor(on, seed + 4, [outChannels]) };
}

const problem =
  (drawn: ConvProblem, form: Form, widened = false): Problem =>
  (on) => {
    const { x, history } = inputsOf(on, drawn, widened);
    const { weight, bias } = weightsOf(on, drawn, widened);
    return causalConv3d(x, history, weight, bias, form);
  };

describe.each(formsOf(anySize, anyChannels))('causalConv3d, %s', (form, problems) => {
  testForm(problems, (drawn, widened) => problem(drawn, form, widened));

  test('gives the same bits where a launch is cut', async () => {
    const channels = { inChannels: 16, outChannels: 64, dtype: 'bf16', inputType: 'f16' } as const;
    await expectPieces(problem({ frames: 3, height: 16, width: 17, kernel: 3, seed: 1, ...channels }, form));
  });

  test('gives the same frames in two pieces, the first handing its last two to the second', async () => {
    await fc.assert(
      fc.asyncProperty(problems, fc.nat(), async (drawn, cut) => {
        const frames = drawn.frames + 2;
        const first = 2 + (cut % (frames - 2));
        const long = { ...drawn, frames, inputType: 'f32' as const };
        const whole = await run(problem(long, form));
        const second: Problem = (on) => {
          const { x } = inputsOf(on, long);
          const { weight, bias } = weightsOf(on, long);
          const history = [sliceFrames(x, first - 2, 1), sliceFrames(x, first - 1, 1)] as const;
          return causalConv3d(sliceFrames(x, first, frames - first), history, weight, bias, form);
        };
        const tail = await run(second);
        expect(tail).toEqual(whole.slice(whole.length - tail.length));
      }),
      { numRuns: 30 },
    );
  });
});

describe('causalConv3d', () => {
  test('is what can be worked out by hand', async () => {
    // One pixel, so only the middle tap of each frame counts: 100 * history[0] + 10 * history[1] + x[0] + 0.5, then on.
    const pinned: Problem = (on) => {
      const weight = new Float32Array(27);
      weight[4] = 100;
      weight[13] = 10;
      weight[22] = 1;
      return causalConv3d(
        on.upload(Float32Array.of(3, 4), [2, 1, 1, 1]),
        [on.upload(Float32Array.of(1), [1, 1, 1, 1]), on.upload(Float32Array.of(2), [1, 1, 1, 1])],
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
        [1, 2].map(() => on.upload(new Float32Array(4).fill(9), [1, 2, 2, 1])) as [Tensor, Tensor],
        on.upload(new Float32Array(27).fill(1, 18), [1, 3, 3, 3, 1]),
        on.upload(Float32Array.of(0), [1]),
      );
    await expectValues(pinned, [10, 10, 10, 10], 0);
  });

  test('refuses shapes that do not belong together', () => {
    device.scope(() => {
      const [x, frame, bias] = [[2, 2, 2, 3], [1, 2, 2, 3], [2]].map((shape) => device.zeros(shape));
      const conv = (shape: number[]) => () => causalConv3d(x, [frame, frame], device.zeros(shape), bias);
      expect(conv([2, 3, 3, 3, 4])).toThrow('causalConv3d: weight');
      expect(conv([2, 3, 2, 2, 3])).toThrow('spatial kernels of 3 or 1');
      const weight = device.zeros([2, 3, 3, 3, 3]);
      expect(() => causalConv3d(x, [x, frame], weight, bias)).toThrow('causalConv3d: history');
      const half = device.zeros([1, 2, 2, 3], 'f16');
      expect(() => causalConv3d(x, [frame, half], weight, bias)).toThrow("expected a history of x's type, f32, found");
    });
  });
});
