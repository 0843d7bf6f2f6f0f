import { ensure } from '../../errors.js';
import { f32, u32 } from '../../tensor/device.js';
import { expectShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import * as reference from './patchPixels.twin.js';

/** Values on the way: each times `scale`, plus `offset`. */
export interface PixelRange {
  readonly scale: number;
  readonly offset: number;
}

/**
 * Patches of patch x patch pixels as the channels of one: channel `(c * patch + row) * patch + column`, as PyTorch's
 * pixel_unshuffle numbers them.
 * @param x [frames, height, width, channels], height and width multiples of `patch`
 * @returns [frames, height / patch, width / patch, channels * patch * patch]
 */
export function pixelsToPatches(x: Tensor, patch: number, range: PixelRange): Tensor {
  expectShape(x.shape, ['any', 'any', 'any', 'any'], 'pixelsToPatches: x');
  const [frames, height, width, channels] = x.shape;
  ensure(
    height % patch === 0 && width % patch === 0,
    `pixelsToPatches: pictures of ${width}x${height} do not split into patches of ${patch}x${patch}`,
  );
  const shape = [frames, height / patch, width / patch, channels * patch * patch];
  return launchPatches(x, shape, { width, channels, patch, intoPatches: true, ...range });
}

/**
 * The inverse: PyTorch's pixel_shuffle.
 * @param x [frames, height, width, channels * patch * patch]
 * @returns [frames, height * patch, width * patch, channels]
 */
export function patchesToPixels(x: Tensor, patch: number, range: PixelRange): Tensor {
  expectShape(x.shape, ['any', 'any', 'any', 'any'], 'patchesToPixels: x');
  const [frames, height, width, inChannels] = x.shape;
  const channels = inChannels / (patch * patch);
  ensure(Number.isInteger(channels), `patchesToPixels: ${inChannels} channels are no patches of ${patch}x${patch}`);
  const shape = [frames, height * patch, width * patch, channels];
  return launchPatches(x, shape, { width: shape[2], channels, patch, intoPatches: false, ...range });
}

function launchPatches(x: Tensor, shape: readonly number[], order: reference.PatchOrder): Tensor {
  const { width, channels, patch, intoPatches, scale, offset } = order;
  return x.device.launch({
    kernel: 'patchPixels',
    reads: [x],
    output: shape,
    overrides: { INTO_PATCHES: intoPatches ? 1 : 0 },
    params: [u32(x.size), u32(width), u32(channels), u32(patch), f32(scale), f32(offset)],
    workgroups: Math.ceil(x.size / 64),
    twin: () => reference.patchPixels(x.host, shape, order),
  });
}
