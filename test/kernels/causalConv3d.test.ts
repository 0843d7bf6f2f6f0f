import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { causalConv3d } from '../../src/kernels/causalConv3d.js';
import { sliceFrames } from '../../src/kernels/frames.js';
import { subgroupSize, type Variant } from '../../src/kernels/variant.js';
import type { Device } from '../../src/tensor/device.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { device } from '../support/device.js';
import { type FloatType, typedTensor } from '../support/packed.js';
import { expectTwin, expectValues, normal, type Problem, randomTensor, run, seeds, sizes } from '../support/twins.js';

/** Channels that every form of the kernel handles: multiples of 4. */
const fours = (max: number) => sizes(max / 4).map((size) => 4 * size);

/** Pairs rather than all combinations: each compiles anew, which takes a second on lavapipe. */
const typePairs = fc.constantFrom<{ dtype: FloatType; inputType: FloatType }[]>(
  { dtype: 'f32', inputType: 'f32' },
  { dtype: 'bf16', inputType: 'f16' },
  { dtype: 'f16', inputType: 'bf16' },
);

const anyProblem = {
  frames: sizes(4),
  height: sizes(9),
  width: sizes(19),
  inChannels: sizes(13),
  outChannels: sizes(11),
  kernel: fc.constantFrom(1, 3),
  types: typePairs,
  seed: seeds,
};
type Drawn = typeof anySize extends fc.Arbitrary<infer Value> ? Value : never;
const anySize = fc.record(anyProblem);
const inFours = fc.record({ ...anyProblem, inChannels: fours(12), outChannels: fours(40) });
const withTypes = (problems: fc.Arbitrary<Drawn>) => problems.map(({ types, ...drawn }) => ({ ...drawn, ...types }));
type ConvProblem = ReturnType<typeof withTypes> extends fc.Arbitrary<infer Value> ? Value : never;

/** The forms that the adapter has, each with what it handles. */
const forms: [Variant, fc.Arbitrary<ConvProblem>][] = [['plain', withTypes(anySize)]];
if (subgroupSize(device) > 0) forms.push(['subgroup', withTypes(inFours)]);

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
  (drawn: ConvProblem, variant: Variant, widened = false): Problem =>
  (on) => {
    const { x, history } = inputsOf(on, drawn, widened);
    const { weight, bias } = weightsOf(on, drawn, widened);
    return causalConv3d(x, history, weight, bias, variant);
  };

describe.each(forms)('causalConv3d, %s', (variant, problems) => {
  test('agrees with its twin', async () => {
    await fc.assert(
      fc.asyncProperty(problems, (drawn) => expectTwin(problem(drawn, variant))),
      { numRuns: 150 },
    );
  });

  test('gives the same frames in two pieces, the first handing its last two to the second', async () => {
    await fc.assert(
      fc.asyncProperty(problems, fc.nat(), async (drawn, cut) => {
        const frames = drawn.frames + 2;
        const first = 2 + (cut % (frames - 2));
        const long = { ...drawn, frames, inputType: 'f32' as const };
        const whole = await run(problem(long, variant));
        const second: Problem = (on) => {
          const { x } = inputsOf(on, long);
          const { weight, bias } = weightsOf(on, long);
          const history = [sliceFrames(x, first - 2, 1), sliceFrames(x, first - 1, 1)] as const;
          return causalConv3d(sliceFrames(x, first, frames - first), history, weight, bias, variant);
        };
        const tail = await run(second);
        expect(tail).toEqual(whole.slice(whole.length - tail.length));
      }),
      { numRuns: 30 },
    );
  });

  test('reads packed 16-bit inputs and weights exactly: the result is that of the same values in f32', async () => {
    await fc.assert(
      fc.asyncProperty(problems, async (drawn) => {
        expect(await run(problem(drawn, variant))).toEqual(await run(problem(drawn, variant, true)));
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
