import { ensure } from '../../errors.js';
import { type PatchSize, patchify, unpatchify } from '../../kernels/layout/patchify.js';
import { linear } from '../../kernels/linear/linear.js';
import { modulation } from '../../kernels/modulation/modulation.js';
import { modulatedLayerNorm } from '../../kernels/norms/layerNorm.js';
import { callType } from '../../kernels/rows/keyType.js';
import { foldScoped } from '../../tensor/scope.js';
import { expectShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { transformerBlock } from './block.js';
import type { TransformerConfig } from './config.js';
import type { TextContext } from './crossAttention.js';
import type { CacheCall } from './kvCache.js';
import { ropeTable } from './rope.js';
import type { FlowTap } from './tap.js';
import { embedTime } from './timeEmbedding.js';
import type { Transformer } from './transformerWeights.js';

/** Latent pixels that make one token. */
export function patchSize({ patch_size: [, height, width] }: TransformerConfig): PatchSize {
  return { height, width };
}

/** Rows and columns of a latent frame's token grid. */
export function tokenGrid(
  config: TransformerConfig,
  latent: { height: number; width: number },
): { gridHeight: number; gridWidth: number; tokensPerFrame: number } {
  const patch = patchSize(config);
  ensure(
    latent.height % patch.height === 0 && latent.width % patch.width === 0,
    `latent frames of ${latent.height}x${latent.width} do not split into patches of ${patch.height}x${patch.width}`,
  );
  const gridHeight = latent.height / patch.height;
  const gridWidth = latent.width / patch.width;
  return { gridHeight, gridWidth, tokensPerFrame: gridHeight * gridWidth };
}

/**
 * The causal DiT's flow prediction, `noise - x0`, for consecutive latent frames.
 * Source: guandeh17/Self-Forcing wan/modules/causal_model.py CausalWanModel._forward_inference.
 * @param latents [frames, channels, height, width], noisy
 * @param timesteps one a frame, 0 to 1000
 * @param startFrame position of the first frame in the video; it has no upper end
 * @param cache what these frames see of the past, and where their keys and values go
 * @param tap looks at the parts, and at what tokens attend to
 * @returns [frames, channels, height, width]
 */
export function predictFlow(
  transformer: Transformer,
  latents: Tensor,
  timesteps: readonly number[],
  startFrame: number,
  context: TextContext,
  cache: CacheCall,
  tap?: FlowTap,
): Tensor {
  const { device, config, weights, keyType } = transformer;
  const { dim, num_heads: heads, eps } = config;
  expectShape(latents.shape, [timesteps.length, config.in_dim, 'any', 'any'], 'latents');
  const [frames, , height, width] = latents.shape;
  const { gridHeight, gridWidth } = tokenGrid(config, { height, width });

  return device.scope(() => {
    const patches = patchify(latents, patchSize(config)); // [tokens, channels * patch area]
    const tokens = linear(patches, weights.patchEmbedding.weight, weights.patchEmbedding.bias); // [tokens, dim]
    tap?.part('patch_embedding', () => tokens);
    const areEqual = timesteps.every((timestep) => timestep === timesteps[0]);
    const time = embedTime(transformer, areEqual ? timesteps.slice(0, 1) : timesteps); // one embedding may serve all frames
    const blockModulation = modulation(weights.modulation, time.projection); // [frames or 1, 6 * layers, dim]
    const table = ropeTable(device, { startFrame, frames, gridHeight, gridWidth, headDim: dim / heads });

    const features = foldScoped(tokens, weights.blocks, (x, block, layer) => {
      const shape = { layer, heads, eps, keyType: callType(keyType) };
      const y = transformerBlock(block, x, blockModulation, context, shape, table, cache, tap);
      tap?.part(`block${layer}`, () => y);
      return y;
    });

    const headModulation = modulation(weights.head.modulation, time.embedding); // [frames or 1, 2, dim]
    const normed = modulatedLayerNorm(features, headModulation, { shift: 0, scale: 1 }, eps);
    const flow = linear(normed, weights.head.linear.weight, weights.head.linear.bias);
    tap?.part('head', () => flow);
    return unpatchify(flow, [frames, config.out_dim, height, width], patchSize(config));
  });
}

const NO_CACHE: CacheCall = { past: () => undefined, store: () => undefined };

/**
 * The bidirectional DiT's flow prediction: all frames of a video in one call, at one timestep, every token seeing every
 * other. It has the weights and the blocks of the causal one, which is this model with a past.
 * Source: Wan-Video/Wan2.1 wan/modules/model.py WanModel.forward.
 * @param latents [frames, channels, height, width], noisy
 * @param timestep 0 to 1000
 * @param tap as of `predictFlow`
 * @returns [frames, channels, height, width]
 */
export function predictVideoFlow(
  model: Transformer,
  latents: Tensor,
  timestep: number,
  context: TextContext,
  tap?: FlowTap,
): Tensor {
  const timesteps = Array<number>(latents.shape[0]).fill(timestep);
  return predictFlow(model, latents, timesteps, 0, context, NO_CACHE, tap);
}
