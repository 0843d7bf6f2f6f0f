import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { motionVariance, motionVarianceGradient } from '../../src/kernels/motion/motionVariance.js';
import type { Device } from '../../src/tensor/device.js';
import { device, referenceDevice } from '../support/device.js';
import { DIFFERENCES_TOLERANCE } from '../support/tolerance.js';
import { expectTwin, expectValues, normal, randomTensor, run, seeds, sizes } from '../support/twins.js';

const flows = fc.record({ frames: sizes(4), channels: sizes(5), height: sizes(9), width: sizes(9), seed: seeds });
type Drawn = typeof flows extends fc.Arbitrary<infer Flow> ? Flow : never;
const shapeOf = ({ frames, channels, height, width }: Drawn) => [frames + 1, channels, height, width];
const gradientOf = (on: Device, flow: Float64Array | Float32Array, shape: number[]) => {
  const uploaded = on.upload(flow, shape);
  return motionVarianceGradient(uploaded, motionVariance(uploaded));
};

describe('motionVariance', () => {
  test('agrees with its twin', async () => {
    await fc.assert(
      fc.asyncProperty(flows, (drawn) =>
        expectTwin((on) => motionVariance(randomTensor(on, drawn.seed, shapeOf(drawn)))),
      ),
    );
  });

  test('is a quarter of the squared difference of two distances, mean over channels', async () => {
    // One pixel of 3 frames and 2 channels: distances 1 and 4, then 2 and 2.
    const flow = Float32Array.of(0, 5, 1, 3, -3, 5);
    await expectValues((on) => motionVariance(on.upload(flow, [3, 2, 1, 1])), [(3 ** 2 / 4 + 0) / 2]);
  });

  test('is zero where all frames move as far, also back and forth', async () => {
    await expectValues((on) => motionVariance(on.upload(Float32Array.of(1, 3, 1, -1), [4, 1, 1, 1])), [0], 0);
  });

  test('refuses one frame', () => {
    device.scope(() => {
      expect(() => motionVariance(device.zeros([1, 4, 2, 2]))).toThrow('needs 2 frames or more, found 1');
      expect(() => motionVarianceGradient(device.zeros([2, 4, 2, 2]), device.zeros([2, 3]))).toThrow('[2, 2]');
    });
  });
});

describe('the gradient of its largest value', () => {
  test('agrees with its twin', async () => {
    await fc.assert(
      fc.asyncProperty(flows, (drawn) =>
        expectTwin((on) =>
          gradientOf(
            on,
            normal(
              drawn.seed,
              shapeOf(drawn).reduce((a, b) => a * b),
            ),
            shapeOf(drawn),
          ),
        ),
      ),
    );
  });

  test('is what differences of the largest value are, in float64', async () => {
    await fc.assert(
      fc.asyncProperty(flows, fc.nat(), async (drawn, place) => {
        const shape = shapeOf(drawn);
        const values = Float64Array.from(
          normal(
            drawn.seed,
            shape.reduce((a, b) => a * b),
          ),
        );
        const largest = async (step: number, at: number) => {
          const moved = values.map((value, index) => (index === at ? value + step : value));
          return Math.max(...(await run((on) => motionVariance(on.upload(moved, shape)), referenceDevice)));
        };
        const gradient = [...(await run((on) => gradientOf(on, values, shape), referenceDevice))];
        const steepest = gradient.reduce((most, each) => Math.max(most, Math.abs(each)), 1e-3);
        const moving = gradient.findIndex((each) => each !== 0);
        for (const at of [Math.max(0, moving), place % values.length]) {
          const slope = ((await largest(1e-6, at)) - (await largest(-1e-6, at))) / 2e-6;
          expect(Math.abs(slope - gradient[at]) / steepest).toBeLessThanOrEqual(DIFFERENCES_TOLERANCE);
        }
      }),
      { numRuns: 40 },
    );
  });

  test('comes from the pixel with the smallest index where several are as large', async () => {
    // Two frames move by 1 and by 3 in the pixels 1 and 3, as far in both, and not in the others.
    const flow = Float32Array.of(0, 0, 0, 0, 0, 1, 0, 1, 0, 4, 0, 4);
    const expected = [0, 1, 0, 0, 0, -2, 0, 0, 0, 1, 0, 0];
    await expectValues((on) => gradientOf(on, flow, [3, 1, 2, 2]), expected);
    // The same in 200 pixels, more than a workgroup has invocations.
    const many = new Float32Array(3 * 200);
    for (const pixel of [70, 69, 199]) [many[200 + pixel], many[400 + pixel]] = [1, 4];
    const gradient = await run((on) => gradientOf(on, many, [3, 1, 1, 200]));
    expect([...gradient].flatMap((value, index) => (value === 0 ? [] : [index]))).toEqual([69, 269, 469]);
  });
});
