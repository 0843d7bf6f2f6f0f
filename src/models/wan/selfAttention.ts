import { attention } from '../../kernels/attention/attention.js';
import { cast } from '../../kernels/elementwise/cast.js';
import { concatFrames } from '../../kernels/layout/frames.js';
import { linear } from '../../kernels/linear/linear.js';
import { rmsNorm } from '../../kernels/norms/rmsNorm.js';
import { rmsNormRope } from '../../kernels/norms/rmsNormRope.js';
import type { RopeTable } from '../../kernels/rope/rope.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { CacheCall } from './kvCache.js';
import type { Linear, WeightType } from './loadTensors.js';
import type { FlowTap } from './tap.js';
import type { AttentionWeights } from './transformerWeights.js';

/** What the attentions of a layer need to know beside their weights. */
export interface AttentionShape {
  readonly layer: number;
  readonly heads: number;
  readonly eps: number;
  /** How the call holds the keys and values that it makes. */
  readonly keyType: WeightType;
}

/**
 * Attention of a call's own tokens over the cached past and themselves, up to its output layer: bidirectional inside the
 * call, causal beyond it.
 * Source: guandeh17/Self-Forcing wan/modules/causal_model.py CausalWanSelfAttention.forward.
 * @param x [tokens, dim]
 * @param table the rotation of this call's tokens
 * @param tap is told what they attend to
 * @returns [tokens, dim]
 */
export function selfAttention(
  weights: AttentionWeights,
  x: Tensor,
  { layer, heads, eps, keyType }: AttentionShape,
  table: RopeTable,
  cache: CacheCall,
  tap?: FlowTap,
): Tensor {
  const { device } = x;
  const project = ({ weight, bias }: Linear) => linear(x, weight, bias); // [tokens, dim]
  return device.scope(() => {
    const queries = device.scope(() => rmsNormRope(project(weights.query), weights.normQuery, eps, table, heads));
    const values = device.scope(() => cast(project(weights.value), keyType));
    const turnedKeys = device.scope(() => {
      const keys = project(weights.key);
      const turned = rmsNormRope(keys, weights.normKey, eps, table, heads, { dtype: keyType });
      const plainKeys = () => cast(rmsNorm(keys, weights.normKey, eps), keyType);
      cache.store(layer, { plainKeys, turnedKeys: turned, values });
      return turned;
    });

    const copies = cache.copies?.(layer);
    const seen = [...(copies ? [copies] : []), ...(cache.seesItself === false ? [] : [{ keys: turnedKeys, values }])];
    const context = { cached: cache.past(layer), own: joined(seen) };
    tap?.attention?.(layer, queries, context, cache);
    return attention(queries, context, heads);
  });
}

/** Keys and values of several parts, one after the other. */
function joined(parts: readonly { keys: Tensor; values: Tensor }[]): { keys: Tensor; values: Tensor } | undefined {
  if (parts.length < 2) return parts[0];
  return { keys: concatFrames(parts.map(({ keys }) => keys)), values: concatFrames(parts.map(({ values }) => values)) };
}
