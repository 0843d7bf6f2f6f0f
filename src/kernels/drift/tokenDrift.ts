import { ensure } from '../../errors.js';
import { u32 } from '../../tensor/device.js';
import { expectShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { PatchSize } from '../layout/patchify.js';
import * as reference from './tokenDrift.twin.js';

/**
 * Z_t: every latent token averaged over the frames of a block.
 * Source: arXiv 2602.00268, "latent summary".
 * @param latents [frames, channels, height, width]
 * @returns [tokens of a frame, channels * patch.height * patch.width]
 */
export function tokenSummary(latents: Tensor, patch: PatchSize): Tensor {
  expectShape(latents.shape, ['any', 'any', 'any', 'any'], 'tokenSummary: latents');
  const [frames, channels, height, width] = latents.shape;
  ensure(
    height % patch.height === 0 && width % patch.width === 0,
    `tokenSummary: latent frames of ${height}x${width} do not split into patches of ${patch.height}x${patch.width}`,
  );
  const components = channels * patch.height * patch.width;
  const frameSize = channels * height * width;
  return latents.device.launch({
    kernel: 'tokenSummary',
    reads: [latents],
    output: [frameSize / components, components],
    params: [u32(frames), u32(channels), u32(height), u32(width), u32(patch.height), u32(patch.width)],
    workgroups: Math.ceil(frameSize / 64),
    twin: () => reference.tokenSummary(latents.host, patch),
  });
}

/**
 * d_i: how far each token's summary moved, Euclidean.
 * Source: arXiv 2602.00268, "per-token drift".
 * @param current, previous [tokens, components]
 * @returns [tokens]
 */
export function tokenDrift(current: Tensor, previous: Tensor): Tensor {
  expectShape(current.shape, ['any', 'any'], 'tokenDrift: current');
  expectShape(previous.shape, current.shape, 'tokenDrift: previous');
  const [tokens, components] = current.shape;
  return current.device.launch({
    kernel: 'tokenDrift',
    reads: [current, previous],
    output: [tokens],
    params: [u32(tokens), u32(components)],
    workgroups: Math.ceil(tokens / 64),
    twin: () => reference.tokenDrift(current.host, previous.host),
  });
}
