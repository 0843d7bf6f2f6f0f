import { gradientOf, type ValueAndGradient } from '../../kernels/gradient/gradientOf.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { TextContext } from './crossAttention.js';
import type { CacheCall } from './kvCache.js';
import { predictFlow } from './transformer.js';
import type { Transformer } from './transformerWeights.js';

/**
 * The causal DiT's flow prediction, as `predictFlow`, and the gradient of a number that depends on it with respect to the
 * noisy latents. Weights, prompt and cached keys and values are constants. It takes the memory of the prediction, the input
 * of every block, and the inside of one block: each is run again when it is its turn to be walked back. What it writes
 * into the cache then is what it has written before, to the bit.
 * @param latents f32 [frames, channels, height, width]
 * @param cotangentOf the gradient of that number with respect to the flow, f32 of its shape: called once, with the flow
 * @returns the flow as `value` and the gradient, both f32 [frames, channels, height, width] and the caller's to free
 */
export function flowGradient(
  transformer: Transformer,
  latents: Tensor,
  timesteps: readonly number[],
  startFrame: number,
  context: TextContext,
  cache: CacheCall,
  cotangentOf: (flow: Tensor) => Tensor,
): ValueAndGradient {
  const flowOf = (x: Tensor) => predictFlow(transformer, x, timesteps, startFrame, context, cache);
  return gradientOf(latents, flowOf, cotangentOf);
}
