import { ensure } from '../../errors.js';
import { f32, rowwise, u32 } from '../../tensor/device.js';
import { expectShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import * as reference from './layerNormGradient.twin.js';

/**
 * The gradient with respect to `x` of `modulatedLayerNorm` or `affineLayerNorm`, from that with respect to its result.
 * @param x [groups * rowsPerGroup, width]
 * @param affine [groups, chunks, width]
 * @param chunk which of the chunks is the scale, and what is added to it
 * @param cotangent as x
 */
export function layerNormGradient(
  x: Tensor,
  affine: Tensor,
  chunk: { readonly scale: number; readonly offset: number },
  eps: number,
  cotangent: Tensor,
): Tensor {
  expectShape(x.shape, ['any', 'any'], 'layerNormGradient: x');
  const [rows, width] = x.shape;
  expectShape(cotangent.shape, [rows, width], 'layerNormGradient: cotangent');
  expectShape(affine.shape, ['any', 'any', width], 'layerNormGradient: modulation');
  const [groups, chunks] = affine.shape;
  ensure(chunk.scale < chunks, () => `layerNormGradient: expected more than ${chunk.scale} chunks, found ${chunks}`);
  expectShape([Math.round(rows / groups) * groups], [rows], 'layerNormGradient: rows by group');
  return x.device.launch({
    kernel: 'layerNormGradient',
    reads: [x, affine, cotangent],
    output: [rows, width],
    ...rowwise(rows, [0, 2], (first, count) => ({
      params: [...[first, count, width, rows / groups, chunks, chunk.scale].map(u32), f32(chunk.offset), f32(eps)],
      workgroups: count,
    })),
    twin: () => reference.layerNormGradient(x.host, affine.host, chunk, eps, cotangent.host),
  });
}
