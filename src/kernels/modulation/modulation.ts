import { rowwise, u32 } from '../../tensor/device.js';
import { expectShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { gatedResidualGradient } from './gatedResidualGradient.js';
import * as reference from './modulation.twin.js';

/**
 * Learned modulation plus time embedding, frame by frame; for several blocks at once, whose embedding is the same.
 * Source: Wan-Video/Wan2.1 wan/modules/model.py WanAttentionBlock and Head; per frame in guandeh17/Self-Forcing
 * wan/modules/causal_model.py.
 * @param table [chunks, width]: six chunks a block, one block after the other, or the head's two
 * @param embedding [frames, count, width]: chunk c is added to chunks c, c + count, c + 2 count ... of the table
 * @returns [frames, chunks, width]
 */
export function modulation(table: Tensor, embedding: Tensor): Tensor {
  expectShape(table.shape, ['any', 'any'], 'modulation: table');
  const [chunks, width] = table.shape;
  const [frames, embeddingChunks] = embedding.shape;
  const isShared = chunks % embeddingChunks === 0;
  expectShape(embedding.shape, ['any', isShared ? embeddingChunks : chunks, width], 'modulation: embedding');
  return table.device.launch({
    kernel: 'modulation',
    reads: [table, embedding],
    output: [frames, chunks, width],
    params: [u32(frames), u32(chunks), u32(embeddingChunks), u32(width)],
    workgroups: Math.ceil((frames * chunks * width) / 64),
    twin: () => reference.modulation(table.host, embedding.host),
  });
}

/**
 * `x + branch * gate`, each frame with its own gate.
 * @param x [frames * tokensPerFrame, width]
 * @param branch same shape as x
 * @param modulation [frames, chunks, width]
 * @param gateChunk which chunk is the gate
 */
export function gatedResidual(x: Tensor, branch: Tensor, modulation: Tensor, gateChunk: number): Tensor {
  expectShape(branch.shape, x.shape, 'gatedResidual: branch');
  const [rows, width] = x.shape;
  expectShape(modulation.shape, ['any', 'any', width], 'gatedResidual: modulation');
  const [frames, chunks] = modulation.shape;
  expectShape([Math.round(rows / frames) * frames], [rows], 'gatedResidual: rows by frame');
  return x.device.launch({
    kernel: 'gatedResidual',
    reads: [x, branch, modulation],
    output: [rows, width],
    ...rowwise(rows, [0, 1], (first, count) => ({
      params: [u32(first), u32(count), u32(width), u32(rows / frames), u32(chunks), u32(gateChunk)],
      workgroups: count,
    })),
    twin: () => reference.gatedResidual(x.host, branch.host, modulation.host, gateChunk),
    backward: {
      keeps: [modulation],
      gradients: (cotangent) => [
        [x, cotangent],
        [branch, gatedResidualGradient(cotangent, modulation, gateChunk)],
      ],
    },
  });
}
