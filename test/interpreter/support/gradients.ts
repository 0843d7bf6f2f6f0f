import fc from 'fast-check';
import { cast } from '../../../src/kernels/elementwise/cast.js';
import { transpose } from '../../../src/kernels/linear/transpose.js';
import { gatedResidualGradient } from '../../../src/kernels/modulation/gatedResidualGradient.js';
import { adamStep } from '../../../src/kernels/motion/adamStep.js';
import { motionVariance, motionVarianceGradient } from '../../../src/kernels/motion/motionVariance.js';
import { layerNormGradient } from '../../../src/kernels/norms/layerNormGradient.js';
import { rmsNormGradient } from '../../../src/kernels/norms/rmsNormGradient.js';
import type { Device } from '../../../src/tensor/device.js';
import type { FloatType } from '../../../src/tensor/tensor.js';
import { type Problem, randomTensor, seeds, sizes } from '../../support/twins.js';
import { chunked, spread } from './smallKernels.js';

// Small problems of the kernels that walk back, for the interpreter.

export const transposes: fc.Arbitrary<Problem> = fc
  .tuple(sizes(40), sizes(70), fc.constantFrom<FloatType>('f32', 'bf16', 'f16'), seeds)
  .map(([rows, columns, type, seed]) => (on) => {
    // An odd number of rows is transposed in f32, whatever it is held in.
    return cast(transpose(cast(randomTensor(on, seed, [type === 'f32' ? rows : 2 * rows, columns]), type)), 'f32');
  });

export const rmsNormGradients: fc.Arbitrary<Problem> = fc
  .tuple(sizes(5), sizes(150), seeds)
  .map(([rows, width, seed]) => (on) => {
    const [x, weight] = [spread(on, seed, rows, width), randomTensor(on, seed + 1, [width])];
    return rmsNormGradient(x, weight, 1e-6, randomTensor(on, seed + 2, [rows, width]));
  });

export const layerNormGradients: fc.Arbitrary<Problem> = chunked.map((drawn) => (on) => {
  const { frames, tokens, chunks, seed } = drawn;
  const width = drawn.width + 1; // the variance of one value is zero
  const [x, affine] = [spread(on, seed, frames * tokens, width), randomTensor(on, seed + 1, [frames, chunks, width])];
  const chunk = { scale: seed % chunks, offset: seed % 2 };
  return layerNormGradient(x, affine, chunk, 1e-6, randomTensor(on, seed + 2, x.shape));
});

export const gateGradients: fc.Arbitrary<Problem> = chunked.map(({ frames, tokens, chunks, width, seed }) => (on) => {
  const modulation = randomTensor(on, seed + 1, [frames, chunks, width]);
  return gatedResidualGradient(randomTensor(on, seed, [frames * tokens, width]), modulation, seed % chunks);
});

const flows = fc.record({ frames: sizes(3), channels: sizes(3), height: sizes(9), width: sizes(9), seed: seeds });
type Flow = typeof flows extends fc.Arbitrary<infer Drawn> ? Drawn : never;
const flowOf = (on: Device, { frames, channels, height, width, seed }: Flow) =>
  randomTensor(on, seed, [frames + 1, channels, height, width]);
export const motions: fc.Arbitrary<Problem> = flows.map((drawn) => (on) => motionVariance(flowOf(on, drawn)));
export const motionGradients: fc.Arbitrary<Problem> = flows.map((drawn) => (on) => {
  const flow = flowOf(on, drawn);
  return motionVarianceGradient(flow, motionVariance(flow));
});

export const adamSteps: fc.Arbitrary<Problem> = fc
  .tuple(sizes(20), sizes(9), seeds)
  .map(([rows, width, seed]) => (on: Device) => {
    return adamStep(randomTensor(on, seed, [rows, width]), randomTensor(on, seed + 1, [rows, width]), 0.01);
  });
