import fc from 'fast-check';
import { cast } from '../../../src/kernels/elementwise/cast.js';
import type { Form } from '../../../src/kernels/forms/form.js';
import { rmsNormRope } from '../../../src/kernels/norms/rmsNormRope.js';
import { type RopeTable, rope, ropeGradient } from '../../../src/kernels/rope/rope.js';
import type { Tensor } from '../../../src/tensor/tensor.js';
import { type Problem, randomTensor, seeds, sizes } from '../../support/twins.js';

// Small problems of the kernels that turn pairs, for the interpreter.

const grids = fc.record({
  frames: sizes(3),
  gridHeight: sizes(3),
  gridWidth: sizes(3),
  temporal: sizes(3),
  height: fc.nat(2),
  width: fc.nat(2),
  heads: sizes(2),
  seed: seeds,
});

/** @param unit what the pairs of a head are a multiple of */
function rotations(
  unit: number,
  body: (x: Tensor, table: RopeTable, heads: number, seed: number) => Tensor,
): fc.Arbitrary<Problem> {
  return grids.map(({ frames, gridHeight, gridWidth, heads, seed, ...pairs }) => (on) => {
    const [temporal, height, width] = [pairs.temporal, pairs.height, pairs.width].map((count) => unit * count);
    const count = frames * temporal + gridHeight * height + gridWidth * width;
    const tokens = frames * gridHeight * gridWidth;
    const x = randomTensor(on, seed, [tokens, heads * 2 * (temporal + height + width)]);
    const entries = randomTensor(on, seed + 1, [count, 2]);
    return body(x, { frames, gridHeight, gridWidth, pairs: { temporal, height, width }, entries }, heads, seed);
  });
}

export const ropes = rotations(1, rope);
export const ropeGradients = rotations(1, ropeGradient);

export const normRopes = (form: Form, unit: number): fc.Arbitrary<Problem> =>
  rotations(unit, (x, table, heads, seed) => {
    const weight = randomTensor(x.device, seed + 2, [x.shape[1]]);
    const dtype = (['f32', 'f16'] as const)[seed % 2];
    return cast(rmsNormRope(x, weight, 1e-6, table, heads, { dtype, form }), 'f32');
  });
