import { add, gelu } from '../../kernels/elementwise.js';
import { affineLayerNorm, modulatedLayerNorm } from '../../kernels/layerNorm.js';
import { linear } from '../../kernels/linear.js';
import { gatedResidual, modulation } from '../../kernels/modulation.js';
import type { RopeTable } from '../../kernels/rope.js';
import type { Tensor } from '../../tensor/tensor.js';
import { crossAttention, type TextContext } from './crossAttention.js';
import type { CacheCall } from './kvCache.js';
import { selfAttention } from './selfAttention.js';
import type { BlockWeights } from './weights.js';

/** Order of the six chunks of a block's modulation. */
const CHUNK = {
  attention: { shift: 0, scale: 1, gate: 2 },
  feedForward: { shift: 3, scale: 4, gate: 5 },
} as const;

/**
 * One transformer block: self-attention over the cache, cross-attention over the prompt, feed-forward. The first and the
 * last are modulated and gated by the time embedding, frame by frame; the cross-attention is not.
 * Source: guandeh17/Self-Forcing wan/modules/causal_model.py CausalWanAttentionBlock.forward.
 * @param x [tokens, dim]
 * @param timeProjection [frames, 6, dim]
 */
export function transformerBlock(
  weights: BlockWeights,
  x: Tensor,
  timeProjection: Tensor,
  context: TextContext,
  shape: { layer: number; heads: number; eps: number },
  table: RopeTable,
  cache: CacheCall,
): Tensor {
  const modulations = modulation(weights.modulation, timeProjection); // [frames, 6, dim]

  const attentionInput = modulatedLayerNorm(x, modulations, CHUNK.attention, shape.eps);
  const attended = selfAttention(weights.selfAttention, attentionInput, shape, table, cache);
  const afterSelf = gatedResidual(x, attended, modulations, CHUNK.attention.gate);

  const crossInput = affineLayerNorm(afterSelf, weights.norm3, shape.eps);
  const afterCross = add(afterSelf, crossAttention(weights.crossAttention, crossInput, context, shape));

  const [expand, contract] = weights.feedForward;
  const feedInput = modulatedLayerNorm(afterCross, modulations, CHUNK.feedForward, shape.eps);
  const hidden = gelu(linear(feedInput, expand.weight, expand.bias)); // [tokens, ffn_dim]
  const fed = linear(hidden, contract.weight, contract.bias);
  return gatedResidual(afterCross, fed, modulations, CHUNK.feedForward.gate);
}
