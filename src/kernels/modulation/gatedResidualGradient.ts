import { rowwise, u32 } from '../../tensor/device.js';
import { expectShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import * as reference from './gatedResidualGradient.twin.js';

/**
 * The gradient with respect to the branch of `gatedResidual`, from that with respect to the sum: `cotangent * gate`.
 * @param cotangent [frames * tokensPerFrame, width]
 * @param modulation [frames, chunks, width]
 * @param gateChunk which chunk is the gate
 */
export function gatedResidualGradient(cotangent: Tensor, modulation: Tensor, gateChunk: number): Tensor {
  const [rows, width] = cotangent.shape;
  expectShape(modulation.shape, ['any', 'any', width], 'gatedResidualGradient: modulation');
  const [frames, chunks] = modulation.shape;
  expectShape([Math.round(rows / frames) * frames], [rows], 'gatedResidualGradient: rows by frame');
  return cotangent.device.launch({
    kernel: 'gatedResidualGradient',
    reads: [cotangent, modulation],
    output: [rows, width],
    ...rowwise(rows, [0], (first, count) => ({
      params: [u32(first), u32(count), u32(width), u32(rows / frames), u32(chunks), u32(gateChunk)],
      workgroups: count,
    })),
    twin: () => reference.gatedResidualGradient(cotangent.host, modulation.host, gateChunk),
  });
}
