import { TokenTrimError } from '../errors.js';
import { u32 } from '../tensor/device.js';
import { expectShape } from '../tensor/shape.js';
import type { DType, Tensor } from '../tensor/tensor.js';
import * as reference from './reference/linear.js';

const TILE = 32;

/** How kernels that read weights of several types name them: the `WEIGHT_TYPE` override. */
export function weightType(dtype: DType): number {
  const code = { f32: 0, bf16: 1, f16: 2, u32: -1 }[dtype];
  if (code < 0) throw new TokenTrimError(`weights must be f32, bf16 or f16, found ${dtype}`);
  return code;
}

/**
 * `x · weightᵀ + bias`, as `torch.nn.Linear`.
 * @param x [rows, inFeatures]
 * @param weight [outFeatures, inFeatures], f32 or packed 16-bit
 * @param bias [outFeatures]
 * @returns [rows, outFeatures]
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  expectShape(x.shape, ['any', 'any'], 'linear: x');
  const [rows, inFeatures] = x.shape;
  expectShape(weight.shape, ['any', inFeatures], 'linear: weight');
  const outFeatures = weight.shape[0];
  if (bias) expectShape(bias.shape, [outFeatures], 'linear: bias');
  return x.device.launch({
    kernel: 'linear',
    reads: [x, weight, bias ?? x],
    output: [rows, outFeatures],
    params: [u32(rows), u32(inFeatures), u32(outFeatures)],
    overrides: { WEIGHT_TYPE: weightType(weight.dtype), HAS_BIAS: bias ? 1 : 0 },
    workgroups: Math.ceil(rows / TILE) * Math.ceil(outFeatures / TILE),
    twin: () => reference.linear(x.host, weight.host, bias?.host),
  });
}
