import { f32, rowwise, typeCode, u32 } from '../../tensor/device.js';
import { expectShape } from '../../tensor/shape.js';
import type { FloatType, Tensor } from '../../tensor/tensor.js';
import type { Form } from '../forms/form.js';
import { checkTable, type RopeTable, ropeGradient } from '../rope/rope.js';
import { rmsNormGradient } from './rmsNormGradient.js';
import * as reference from './rmsNormRope.twin.js';
import { RMS_NORM_ROPE_CLASSES, rowForm } from './rowForm.js';

/**
 * `cast(rope(rmsNorm(x, weight, eps), table, heads), dtype)` in one pass: what queries and keys go through before attention.
 * @param x [frames * gridHeight * gridWidth, heads * headDim], tokens frame by frame, row by row
 * @param weight [heads * headDim]: the norm spans all heads together
 * @param options.dtype of the result; f32 where absent
 * @param options.form the form of the kernel, for tests; the best for the device where absent
 * @returns as x
 */
export function rmsNormRope(
  x: Tensor,
  weight: Tensor,
  eps: number,
  table: RopeTable,
  heads: number,
  options: { readonly dtype?: FloatType; readonly form?: Form } = {},
): Tensor {
  const { dtype = 'f32' } = options;
  const { frames, gridHeight, gridWidth, pairs } = table;
  const { tokens, headDim } = checkTable('rmsNormRope', x, table, heads);
  expectShape(weight.shape, [heads * headDim], 'rmsNormRope: weight');
  const { kernel, overrides, rowsAtOnce } = rowForm(x.device, RMS_NORM_ROPE_CLASSES, headDim, options.form);
  return x.device.launch({
    kernel,
    overrides: { ...overrides, TO_TYPE: typeCode(dtype) },
    reads: [x, weight, table.entries],
    output: x.shape,
    outputType: dtype,
    ...rowwise(tokens, [0], (first, count) => ({
      params: [
        u32(first),
        u32(count),
        u32(frames),
        u32(heads),
        u32(headDim / 2),
        u32(pairs.temporal),
        u32(pairs.height),
        u32(gridHeight),
        u32(gridWidth),
        f32(eps),
      ],
      workgroups: Math.ceil(count / rowsAtOnce),
    })),
    twin: () => reference.rmsNormRope(x.host, weight.host, eps, table.entries.host, table, heads, dtype),
    backward: {
      keeps: [x, weight, table.entries],
      gradients: (cotangent) => {
        const turnedBack = ropeGradient(cotangent, table, heads);
        return [[x, rmsNormGradient(x, weight, eps, turnedBack)]];
      },
    },
  });
}
