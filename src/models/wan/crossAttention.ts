import { attention } from '../../kernels/attention/attention.js';
import { cast } from '../../kernels/elementwise/cast.js';
import { linear } from '../../kernels/linear/linear.js';
import { rmsNorm } from '../../kernels/norms/rmsNorm.js';
import { callType } from '../../kernels/rows/keyType.js';
import { expectShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { AttentionShape } from './selfAttention.js';
import type { Tap } from './tap.js';
import type { AttentionWeights, Transformer } from './transformerWeights.js';

/** The cross-attention cache: keys (after their norm) and values of the prompt, [text_len, dim] for every layer. */
export interface TextContext {
  readonly layers: readonly { readonly keys: Tensor; readonly values: Tensor }[];
}

/**
 * Embeds a prompt once for a whole rollout. The padding rows are zero before the embedding, a constant after it, and are
 * attended to like any other: Wan's cross-attention has no mask. A new prompt needs a new context.
 * @param promptEmbeds [text_len, text_dim], zero past the prompt's end
 * @param tap is shown `text_embedding`
 */
export function prepareContext(
  { device, config, weights, keyType }: Transformer,
  promptEmbeds: Tensor,
  tap?: Tap,
): TextContext {
  expectShape(promptEmbeds.shape, [config.text_len, config.text_dim], 'prompt embeddings');
  const [first, second] = weights.textEmbedding;
  const type = callType(keyType);
  return device.scope(() => {
    const hidden = linear(promptEmbeds, first.weight, first.bias, { gelu: true });
    const text = linear(hidden, second.weight, second.bias); // [text_len, dim]
    tap?.('text_embedding', text);
    const layers = weights.blocks.map(({ crossAttention: { key, value, normKey } }) => ({
      keys: device.scope(() => cast(rmsNorm(linear(text, key.weight, key.bias), normKey, config.eps), type)),
      values: device.scope(() => cast(linear(text, value.weight, value.bias), type)),
    }));
    return { layers };
  });
}

/**
 * Attention of every token over the prompt, up to its output layer.
 * Source: Wan-Video/Wan2.1 wan/modules/model.py WanT2VCrossAttention.forward.
 * @param x [tokens, dim]
 * @returns [tokens, dim]
 */
export function crossAttention(
  weights: AttentionWeights,
  x: Tensor,
  context: TextContext,
  { layer, heads, eps }: AttentionShape,
): Tensor {
  const { device } = x;
  const { query, normQuery } = weights;
  return device.scope(() => {
    const queries = device.scope(() => rmsNorm(linear(x, query.weight, query.bias), normQuery, eps)); // [tokens, dim]
    return attention(queries, { own: context.layers[layer] }, heads);
  });
}
