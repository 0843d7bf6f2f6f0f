import { mapRows } from '../../kernels/layout/frames.js';
import { added, linear, type Residual } from '../../kernels/linear/linear.js';
import { affineLayerNorm, modulatedLayerNorm } from '../../kernels/norms/layerNorm.js';
import type { RopeTable } from '../../kernels/rope/rope.js';
import { bytesOf, type Tensor } from '../../tensor/tensor.js';
import { crossAttention, type TextContext } from './crossAttention.js';
import type { CacheCall } from './kvCache.js';
import type { Linear } from './loadTensors.js';
import { type AttentionShape, selfAttention } from './selfAttention.js';
import type { BRANCHES, FlowTap } from './tap.js';
import type { BlockWeights } from './transformerWeights.js';

/** Which chunks of the modulation are whose in a block. */
function chunksOf(layer: number) {
  const first = 6 * layer;
  return {
    attention: { shift: first, scale: first + 1, gate: first + 2 },
    feedForward: { shift: first + 3, scale: first + 4, gate: first + 5 },
  };
}

/**
 * Most bytes of the feed-forward's hidden layer that exist at a time, those of three frames of 832x480; tokens past that
 * wait for their turn.
 */
const HIDDEN_BYTES = 160 * 2 ** 20;

/**
 * One transformer block: self-attention over the cache, cross-attention over the prompt, feed-forward. The first and the
 * last are modulated and gated by the time embedding, frame by frame; the cross-attention is not:
 *
 *     x = x + gate · selfAttention(modulate(norm(x)))
 *     x = x + crossAttention(norm3(x))
 *     x = x + gate · feedForward(modulate(norm(x)))
 *
 * Source: guandeh17/Self-Forcing wan/modules/causal_model.py CausalWanAttentionBlock.forward.
 * @param x [tokens, dim]
 * @param modulation [frames, 6 * layers, dim], with the time embedding added; one frame's serves all that are as noisy
 * @param tap is told of `self_attn`, `cross_attn` and `ffn`, before their gates
 */
export function transformerBlock(
  weights: BlockWeights,
  x: Tensor,
  modulation: Tensor,
  context: TextContext,
  shape: AttentionShape,
  table: RopeTable,
  cache: CacheCall,
  tap?: FlowTap,
): Tensor {
  const { device } = x;
  const { eps } = shape;
  const own = chunksOf(shape.layer);
  const gated = (to: Tensor, { gate }: { gate: number }) => ({ to, gate: { modulation, chunk: gate } });
  const tapBranch: BranchTap | undefined = tap && ((name, output) => tap.part(`block${shape.layer}.${name}`, output));

  const prompted = device.scope(() => {
    // Made inside, so that it is freed before the feed-forward.
    const attended = device.scope(() => {
      const normed = modulatedLayerNorm(x, modulation, own.attention, eps);
      const mixed = selfAttention(weights.selfAttention, normed, shape, table, cache, tap);
      return addBranch('self_attn', mixed, weights.selfAttention.output, gated(x, own.attention), tapBranch);
    });
    const normed = affineLayerNorm(attended, weights.norm3, eps);
    const mixed = crossAttention(weights.crossAttention, normed, context, shape);
    return addBranch('cross_attn', mixed, weights.crossAttention.output, { to: attended }, tapBranch);
  });
  return device.scope(() => {
    const normed = modulatedLayerNorm(prompted, modulation, own.feedForward, eps);
    return feedForward(weights.feedForward, normed, gated(prompted, own.feedForward), tapBranch);
  });
}

type BranchTap = (name: (typeof BRANCHES)[number], output: () => Tensor) => void;

/** The last layer of a branch, and its result added in the same pass; a tap that asks for it has it made once more. */
function addBranch(
  name: Parameters<BranchTap>[0],
  x: Tensor,
  { weight, bias }: Linear,
  residual: Residual,
  tap?: BranchTap,
): Tensor {
  tap?.(name, () => linear(x, weight, bias));
  return linear(x, weight, bias, { residual });
}

/** Expands and contracts; the hidden layer of many tokens is made in pieces, whose results are added when they are joined. */
function feedForward(
  [expand, contract]: BlockWeights['feedForward'],
  x: Tensor,
  residual: Residual,
  tap?: BranchTap,
): Tensor {
  const hidden = (tokens: Tensor) => linear(tokens, expand.weight, expand.bias, { gelu: true }); // [tokens, ffn_dim]
  const rowsAtOnce = Math.max(1, Math.floor(HIDDEN_BYTES / bytesOf('f32', expand.weight.shape[0])));
  if (x.shape[0] <= rowsAtOnce) return addBranch('ffn', hidden(x), contract, residual, tap);
  const output = mapRows(x, rowsAtOnce, (tokens) => linear(hidden(tokens), contract.weight, contract.bias));
  tap?.('ffn', () => output);
  return added(output, residual);
}
