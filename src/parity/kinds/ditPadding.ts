import { linear } from '../../kernels/linear/linear.js';
import { modulation } from '../../kernels/modulation/modulation.js';
import { modulatedLayerNorm } from '../../kernels/norms/layerNorm.js';
import type { RopeTable } from '../../kernels/rope/rope.js';
import { callType } from '../../kernels/rows/keyType.js';
import { transformerBlock } from '../../models/wan/block.js';
import type { TextContext } from '../../models/wan/crossAttention.js';
import { blockCall, type CacheCall } from '../../models/wan/kvCache.js';
import { ropePairs } from '../../models/wan/rope.js';
import { everyPart, type Tap } from '../../models/wan/tap.js';
import { embedTime } from '../../models/wan/timeEmbedding.js';
import { predictFlow, tokenGrid } from '../../models/wan/transformer.js';
import type { Transformer } from '../../models/wan/transformerWeights.js';
import type { Device } from '../../tensor/device.js';
import { foldScoped } from '../../tensor/scope.js';
import type { Tensor } from '../../tensor/tensor.js';
import { openCache } from './model.js';

/**
 * What the official model computes for the tokens that it appends to reach a sequence length: they begin as zeros, see
 * the video's tokens, are not rotated, and are neither seen by anything nor part of the result. The product has no use
 * for them; the cases show them.
 * Source: Wan-Video/Wan2.1 wan/modules/model.py WanModel.forward, `seq_len`; rope_apply keeps such rows as they are.
 * @param tap is shown every part's rows for the padding
 */
export function runPadding(
  model: Transformer,
  call: { latents: Tensor; timestep: number; context: TextContext; padding: number },
  tap: Tap,
): void {
  const { device, config, weights } = model;
  const { num_heads: heads, dim, eps } = config;
  const [frames, , height, width] = call.latents.shape;
  const { tokensPerFrame } = tokenGrid(config, { height, width });
  const cache = openCache(model, [height, width], { capacity: frames, sink: 0 });
  cache.reserve(0, frames);
  device.scope(() => {
    const timesteps = Array<number>(frames).fill(call.timestep);
    predictFlow(model, call.latents, timesteps, 0, call.context, blockCall(cache, 0, frames)); // fills the cache

    const rows = device.upload(Uint32Array.from(cache.rows(() => true)), [frames * tokensPerFrame]);
    const video: CacheCall = {
      past: (layer) => ({ ...cache.layers[layer], rows }),
      store: () => undefined,
      seesItself: false,
    };
    const time = embedTime(model, [call.timestep]);
    const blockModulation = modulation(weights.modulation, time.projection);
    const table = noRotation(device, call.padding, dim / heads);
    const features = foldScoped(device.zeros([call.padding, dim]), weights.blocks, (x, block, layer) => {
      const shape = { layer, heads, eps, keyType: callType(model.keyType) };
      const y = transformerBlock(block, x, blockModulation, call.context, shape, table, video, everyPart(tap));
      tap(`block${layer}`, y);
      return y;
    });
    const { modulation: chunks, linear: head } = weights.head;
    const normed = modulatedLayerNorm(features, modulation(chunks, time.embedding), { shift: 0, scale: 1 }, eps);
    tap('head', linear(normed, head.weight, head.bias));
  });
  cache.dispose();
}

/** A rotation by nothing for a row of tokens. */
function noRotation(device: Device, tokens: number, headDim: number): RopeTable {
  const pairs = ropePairs(headDim);
  const angles = pairs.temporal + pairs.height + tokens * pairs.width;
  const entries = device.upload(
    Float64Array.from({ length: 2 * angles }, (_, index) => (index + 1) % 2),
    [angles, 2],
  );
  return { entries, frames: 1, gridHeight: 1, gridWidth: tokens, pairs };
}
