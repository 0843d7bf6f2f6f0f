import type { Tensor } from '../../tensor/tensor.js';
import type { TextContext } from './crossAttention.js';
import type { CacheCall } from './kvCache.js';
import type { Tap } from './tap.js';
import { predictFlow } from './transformer.js';
import type { Transformer } from './weights.js';

const NO_CACHE: CacheCall = { past: () => undefined, store: () => undefined };

/**
 * The bidirectional DiT's flow prediction: all frames of a video in one call, at one timestep, every token seeing every
 * other. It has the weights and the blocks of the causal one, which is this model with a past.
 * Source: Wan-Video/Wan2.1 wan/modules/model.py WanModel.forward.
 * @param latents [frames, channels, height, width], noisy
 * @param timestep 0 to 1000
 * @param tap is shown the parts, as by `predictFlow`
 * @returns [frames, channels, height, width]
 */
export function predictVideoFlow(
  model: Transformer,
  latents: Tensor,
  timestep: number,
  context: TextContext,
  tap?: Tap,
): Tensor {
  const timesteps = Array<number>(latents.shape[0]).fill(timestep);
  return predictFlow(model, latents, timesteps, 0, context, NO_CACHE, tap);
}
