import { add, gelu } from '../../kernels/elementwise.js';
import { mapRows } from '../../kernels/frames.js';
import { affineLayerNorm, modulatedLayerNorm } from '../../kernels/layerNorm.js';
import { linear } from '../../kernels/linear.js';
import { gatedResidual, modulation } from '../../kernels/modulation.js';
import type { RopeTable } from '../../kernels/rope.js';
import { through } from '../../tensor/scope.js';
import { bytesOf, type Tensor } from '../../tensor/tensor.js';
import { crossAttention, type TextContext } from './crossAttention.js';
import type { CacheCall } from './kvCache.js';
import { type AttentionShape, selfAttention } from './selfAttention.js';
import type { Tap } from './tap.js';
import type { BlockWeights } from './weights.js';

/** Order of the six chunks of a block's modulation. */
const CHUNK = {
  attention: { shift: 0, scale: 1, gate: 2 },
  feedForward: { shift: 3, scale: 4, gate: 5 },
} as const;

/** Most bytes of the feed-forward's hidden layer that exist at a time; tokens past that wait for their turn. */
const HIDDEN_BYTES = 64 * 2 ** 20;

/**
 * One transformer block: self-attention over the cache, cross-attention over the prompt, feed-forward. The first and the
 * last are modulated and gated by the time embedding, frame by frame; the cross-attention is not.
 * Source: guandeh17/Self-Forcing wan/modules/causal_model.py CausalWanAttentionBlock.forward.
 * @param x [tokens, dim]
 * @param timeProjection [frames, 6, dim]
 * @param tap is shown `self_attn`, `cross_attn` and `ffn`, before their gates
 */
export function transformerBlock(
  weights: BlockWeights,
  x: Tensor,
  timeProjection: Tensor,
  context: TextContext,
  shape: AttentionShape,
  table: RopeTable,
  cache: CacheCall,
  tap?: Tap,
): Tensor {
  const modulations = modulation(weights.modulation, timeProjection); // [frames, 6, dim]
  const shown = (name: string, output: Tensor) => {
    tap?.(name, output);
    return output;
  };

  const selfAttended = (input: Tensor) =>
    through(
      input,
      (tokens) => modulatedLayerNorm(tokens, modulations, CHUNK.attention, shape.eps),
      (tokens) => shown('self_attn', selfAttention(weights.selfAttention, tokens, shape, table, cache)),
      (attended) => gatedResidual(input, attended, modulations, CHUNK.attention.gate),
    );
  const crossAttended = (input: Tensor) =>
    through(
      input,
      (tokens) => affineLayerNorm(tokens, weights.norm3, shape.eps),
      (tokens) => shown('cross_attn', crossAttention(weights.crossAttention, tokens, context, shape)),
      (attended) => add(input, attended),
    );
  const fed = (input: Tensor) =>
    through(
      input,
      (tokens) => modulatedLayerNorm(tokens, modulations, CHUNK.feedForward, shape.eps),
      (tokens) => shown('ffn', feedForward(weights.feedForward, tokens)),
      (output) => gatedResidual(input, output, modulations, CHUNK.feedForward.gate),
    );
  return through(x, selfAttended, crossAttended, fed);
}

function feedForward([expand, contract]: BlockWeights['feedForward'], x: Tensor): Tensor {
  const rowsAtOnce = Math.max(1, Math.floor(HIDDEN_BYTES / bytesOf('f32', expand.weight.shape[0])));
  return mapRows(x, rowsAtOnce, (tokens) =>
    through(
      tokens,
      (input) => linear(input, expand.weight, expand.bias), // [tokens, ffn_dim]
      gelu,
      (hidden) => linear(hidden, contract.weight, contract.bias),
    ),
  );
}
