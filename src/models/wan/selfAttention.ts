import { attention } from '../../kernels/attention.js';
import { linear } from '../../kernels/linear.js';
import { rmsNorm } from '../../kernels/rmsNorm.js';
import { type RopeTable, rope } from '../../kernels/rope.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { CacheCall } from './kvCache.js';
import type { AttentionWeights } from './weights.js';

/**
 * Attention of a call's own tokens over the cached past and themselves: bidirectional inside the call, causal beyond it.
 * Source: guandeh17/Self-Forcing wan/modules/causal_model.py CausalWanSelfAttention.forward.
 * @param x [tokens, dim]
 * @param table the rotation of this call's tokens
 * @returns [tokens, dim]
 */
export function selfAttention(
  weights: AttentionWeights,
  x: Tensor,
  shape: { layer: number; heads: number; eps: number },
  table: RopeTable,
  cache: CacheCall,
): Tensor {
  const { query, key, value, output } = weights;
  const queries = rmsNorm(linear(x, query.weight, query.bias), weights.normQuery, shape.eps); // [tokens, dim]
  const keys = rmsNorm(linear(x, key.weight, key.bias), weights.normKey, shape.eps);
  const values = linear(x, value.weight, value.bias);

  const turnedQueries = rope(queries, table, shape.heads);
  const turnedKeys = rope(keys, table, shape.heads);
  cache.store(shape.layer, { keys, turnedKeys, values });

  const context = { cached: cache.past(shape.layer), own: { keys: turnedKeys, values } };
  return linear(attention(turnedQueries, context, shape.heads), output.weight, output.bias);
}
