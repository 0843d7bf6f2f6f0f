import { attention } from '../../kernels/attention.js';
import { gelu } from '../../kernels/elementwise.js';
import { linear } from '../../kernels/linear.js';
import { rmsNorm } from '../../kernels/rmsNorm.js';
import { expectShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { AttentionWeights, Transformer } from './weights.js';

/** The cross-attention cache: keys (after their norm) and values of the prompt, [text_len, dim] for every layer. */
export interface TextContext {
  readonly layers: readonly { readonly keys: Tensor; readonly values: Tensor }[];
}

/**
 * Embeds a prompt once for a whole rollout. The padding rows are zero before the embedding, a constant after it, and are
 * attended to like any other: Wan's cross-attention has no mask. A new prompt needs a new context.
 * @param promptEmbeds [text_len, text_dim], zero past the prompt's end
 */
export function prepareContext({ device, config, weights }: Transformer, promptEmbeds: Tensor): TextContext {
  expectShape(promptEmbeds.shape, [config.text_len, config.text_dim], 'prompt embeddings');
  const [first, second] = weights.textEmbedding;
  return device.scope(() => {
    const hidden = gelu(linear(promptEmbeds, first.weight, first.bias));
    const text = linear(hidden, second.weight, second.bias); // [text_len, dim]
    const layers = weights.blocks.map(({ crossAttention: { key, value, normKey } }) => ({
      keys: rmsNorm(linear(text, key.weight, key.bias), normKey, config.eps),
      values: linear(text, value.weight, value.bias),
    }));
    return { layers };
  });
}

/**
 * Attention of every token over the prompt.
 * Source: Wan-Video/Wan2.1 wan/modules/model.py WanT2VCrossAttention.forward.
 * @param x [tokens, dim]
 */
export function crossAttention(
  weights: AttentionWeights,
  x: Tensor,
  context: TextContext,
  shape: { layer: number; heads: number; eps: number },
): Tensor {
  const { query, output } = weights;
  const queries = rmsNorm(linear(x, query.weight, query.bias), weights.normQuery, shape.eps);
  const attended = attention(queries, { own: context.layers[shape.layer] }, shape.heads);
  return linear(attended, output.weight, output.bias);
}
