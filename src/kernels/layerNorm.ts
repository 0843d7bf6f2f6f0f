import { f32, rowwise, u32 } from '../tensor/device.js';
import { expectShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import * as reference from './reference/norms.js';

/**
 * Layer norm over the last axis, then the DiT's adaptive modulation: `norm(x) * (1 + scale) + shift`, each latent frame
 * with its own scale and shift.
 * Source: Wan-Video/Wan2.1 wan/modules/model.py WanAttentionBlock.forward.
 * @param x [frames * tokensPerFrame, width]
 * @param modulation [frames, chunks, width]
 * @param chunk which of the chunks are the shift and the scale
 */
export function modulatedLayerNorm(
  x: Tensor,
  modulation: Tensor,
  chunk: { shift: number; scale: number },
  eps: number,
): Tensor {
  return launchLayerNorm(x, modulation, { ...chunk, offset: 1 }, eps);
}

/**
 * Layer norm over the last axis with a learned gain and bias: `norm(x) * weight + bias`.
 * @param x [rows, width]
 * @param weightAndBias [1, 2, width]: the weight, then the bias
 */
export function affineLayerNorm(x: Tensor, weightAndBias: Tensor, eps: number): Tensor {
  return launchLayerNorm(x, weightAndBias, { shift: 1, scale: 0, offset: 0 }, eps);
}

function launchLayerNorm(
  x: Tensor,
  affine: Tensor,
  chunk: { shift: number; scale: number; offset: number },
  eps: number,
): Tensor {
  expectShape(x.shape, ['any', 'any'], 'layerNorm: x');
  const [rows, width] = x.shape;
  expectShape(affine.shape, ['any', 'any', width], 'layerNorm: modulation');
  const [groups, chunks] = affine.shape;
  const rowsPerGroup = rows / groups;
  expectShape([rowsPerGroup * groups], [Number.isInteger(rowsPerGroup) ? rows : -1], 'layerNorm: rows a group');
  return x.device.launch({
    kernel: 'layerNorm',
    reads: [x, affine],
    output: [rows, width],
    ...rowwise(rows, [0], (first, count) => ({
      params: [
        u32(first),
        u32(count),
        u32(width),
        u32(rowsPerGroup),
        u32(chunks),
        u32(chunk.shift),
        u32(chunk.scale),
        f32(chunk.offset),
        f32(eps),
      ],
      workgroups: count,
    })),
    twin: () => reference.layerNorm(x.host, affine.host, chunk, eps),
  });
}
