import { attention } from '../../kernels/attention/attention.js';
import { cast } from '../../kernels/elementwise/cast.js';
import { concatFrames } from '../../kernels/layout/frames.js';
import { linear } from '../../kernels/linear/linear.js';
import { rmsNorm } from '../../kernels/norms/rmsNorm.js';
import { type RopeTable, rope } from '../../kernels/rope/rope.js';
import { through } from '../../tensor/scope.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { BranchEnd } from './branch.js';
import type { CacheCall } from './kvCache.js';
import type { Linear, WeightType } from './loadTensors.js';
import type { AttentionWeights } from './weights.js';

/** What the attentions of a layer need to know beside their weights. */
export interface AttentionShape {
  readonly layer: number;
  readonly heads: number;
  readonly eps: number;
  /** How keys and values are held, in the cache and in a call. */
  readonly keyType: WeightType;
}

/**
 * Attention of a call's own tokens over the cached past and themselves: bidirectional inside the call, causal beyond it.
 * Source: guandeh17/Self-Forcing wan/modules/causal_model.py CausalWanSelfAttention.forward.
 * @param x [tokens, dim]
 * @param table the rotation of this call's tokens
 * @param end adds the result to the block's state
 * @returns [tokens, dim]
 */
export function selfAttention(
  weights: AttentionWeights,
  x: Tensor,
  { layer, heads, eps, keyType }: AttentionShape,
  table: RopeTable,
  cache: CacheCall,
  end: BranchEnd,
): Tensor {
  const { query, key, value, output } = weights;
  const project = (tensor: Tensor, part: Linear) => linear(tensor, part.weight, part.bias);
  const turn = (tensor: Tensor) => rope(tensor, table, heads);
  const narrow = (tensor: Tensor) => cast(tensor, keyType);

  const queries = through(
    x,
    (t) => project(t, query),
    (t) => rmsNorm(t, weights.normQuery, eps),
    turn,
  ); // [tokens, dim]
  const values = through(x, (t) => project(t, value), narrow);
  const turnedKeys = x.device.scope(() => {
    const keys = through(
      x,
      (t) => project(t, key),
      (t) => rmsNorm(t, weights.normKey, eps),
    );
    const turned = through(keys, turn, narrow);
    cache.store(layer, { plainKeys: () => narrow(keys), turnedKeys: turned, values });
    return turned;
  });

  const copies = cache.copies?.(layer);
  const seen = [...(copies ? [copies] : []), ...(cache.seesItself === false ? [] : [{ keys: turnedKeys, values }])];
  const attended = attention(queries, { cached: cache.past(layer), own: joined(seen) }, heads);
  return end.project(attended, output);
}

/** Keys and values of several parts, one after the other. */
function joined(parts: readonly { keys: Tensor; values: Tensor }[]): { keys: Tensor; values: Tensor } | undefined {
  if (parts.length < 2) return parts[0];
  return { keys: concatFrames(parts.map(({ keys }) => keys)), values: concatFrames(parts.map(({ values }) => values)) };
}
