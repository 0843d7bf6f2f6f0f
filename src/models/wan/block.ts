import { mapRows } from '../../kernels/layout/frames.js';
import { linear } from '../../kernels/linear/linear.js';
import { modulation } from '../../kernels/modulation/modulation.js';
import { affineLayerNorm, modulatedLayerNorm } from '../../kernels/norms/layerNorm.js';
import type { RopeTable } from '../../kernels/rope/rope.js';
import { through } from '../../tensor/scope.js';
import { bytesOf, type Tensor } from '../../tensor/tensor.js';
import { type BranchEnd, branchEnd } from './branch.js';
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
  const end = (name: string, to: Tensor, chunk?: number) =>
    branchEnd(name, { to, gate: chunk === undefined ? undefined : { modulation: modulations, chunk } }, tap);

  const selfAttended = (input: Tensor) =>
    through(
      input,
      (tokens) => modulatedLayerNorm(tokens, modulations, CHUNK.attention, shape.eps),
      (tokens) => {
        const output = end('self_attn', input, CHUNK.attention.gate);
        return selfAttention(weights.selfAttention, tokens, shape, table, cache, output);
      },
    );
  const crossAttended = (input: Tensor) =>
    through(
      input,
      (tokens) => affineLayerNorm(tokens, weights.norm3, shape.eps),
      (tokens) => crossAttention(weights.crossAttention, tokens, context, shape, end('cross_attn', input)),
    );
  const fed = (input: Tensor) =>
    through(
      input,
      (tokens) => modulatedLayerNorm(tokens, modulations, CHUNK.feedForward, shape.eps),
      (tokens) => feedForward(weights.feedForward, tokens, end('ffn', input, CHUNK.feedForward.gate)),
    );
  return through(x, selfAttended, crossAttended, fed);
}

/** Expands, contracts and ends; the hidden layer of many tokens is made in pieces, which are added when they are joined. */
function feedForward([expand, contract]: BlockWeights['feedForward'], x: Tensor, end: BranchEnd): Tensor {
  const expanded = (tokens: Tensor) => linear(tokens, expand.weight, expand.bias, { gelu: true }); // [tokens, ffn_dim]
  const rowsAtOnce = Math.max(1, Math.floor(HIDDEN_BYTES / bytesOf('f32', expand.weight.shape[0])));
  if (x.shape[0] <= rowsAtOnce) return through(x, expanded, (hidden) => end.project(hidden, contract));
  const contracted = (hidden: Tensor) => linear(hidden, contract.weight, contract.bias);
  return end.add(mapRows(x, rowsAtOnce, (tokens) => through(tokens, expanded, contracted)));
}
