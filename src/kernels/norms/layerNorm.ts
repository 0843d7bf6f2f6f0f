import { ensure } from '../../errors.js';
import { f32, rowwise, u32 } from '../../tensor/device.js';
import { expectShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { Form } from '../forms/form.js';
import * as reference from './layerNorm.twin.js';
import { layerNormGradient } from './layerNormGradient.js';
import { LAYER_NORM_CLASSES, rowForm } from './rowForm.js';

/**
 * Layer norm over the last axis, then the DiT's adaptive modulation: `norm(x) * (1 + scale) + shift`, each latent frame
 * with its own scale and shift.
 * Source: Wan-Video/Wan2.1 wan/modules/model.py WanAttentionBlock.forward.
 * @param x [frames * tokensPerFrame, width]
 * @param modulation [frames, chunks, width]
 * @param chunk which of the chunks are the shift and the scale
 * @param form the form of the kernel, for tests; the best for the device where absent
 */
export function modulatedLayerNorm(
  x: Tensor,
  modulation: Tensor,
  chunk: { shift: number; scale: number },
  eps: number,
  form?: Form,
): Tensor {
  return launchLayerNorm(x, modulation, { ...chunk, offset: 1 }, eps, form);
}

/**
 * Layer norm over the last axis with a learned gain and bias: `norm(x) * weight + bias`.
 * @param x [rows, width]
 * @param weightAndBias [1, 2, width]: the weight, then the bias
 * @param form the form of the kernel, for tests; the best for the device where absent
 */
export function affineLayerNorm(x: Tensor, weightAndBias: Tensor, eps: number, form?: Form): Tensor {
  return launchLayerNorm(x, weightAndBias, { shift: 1, scale: 0, offset: 0 }, eps, form);
}

function launchLayerNorm(
  x: Tensor,
  affine: Tensor,
  chunk: { shift: number; scale: number; offset: number },
  eps: number,
  form: Form | undefined,
): Tensor {
  expectShape(x.shape, ['any', 'any'], 'layerNorm: x');
  const [rows, width] = x.shape;
  expectShape(affine.shape, ['any', 'any', width], 'layerNorm: modulation');
  const [groups, chunks] = affine.shape;
  const last = Math.max(chunk.shift, chunk.scale);
  ensure(last < chunks, () => `layerNorm: modulation: expected more than ${last} chunks, found ${chunks}`);
  const rowsPerGroup = rows / groups;
  expectShape([rowsPerGroup * groups], [Number.isInteger(rowsPerGroup) ? rows : -1], 'layerNorm: rows a group');
  const { kernel, rowsAtOnce, overrides } = rowForm(x.device, LAYER_NORM_CLASSES, width, form);
  // Workgroups are counted from the first row of a group on, of those groups that a piece of the launch has rows of.
  const groupsOf = (first: number, count: number) =>
    Math.ceil((first + count) / rowsPerGroup) - Math.floor(first / rowsPerGroup);
  return x.device.launch({
    kernel,
    overrides,
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
      workgroups: groupsOf(first, count) * Math.ceil(rowsPerGroup / rowsAtOnce),
    })),
    twin: () => reference.layerNorm(x.host, affine.host, chunk, eps),
    backward: {
      keeps: [x, affine],
      gradients: (cotangent) => [[x, layerNormGradient(x, affine, chunk, eps, cotangent)]],
    },
  });
}
