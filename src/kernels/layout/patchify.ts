import { ensure } from '../../errors.js';
import { u32 } from '../../tensor/device.js';
import { expectShape, type Shape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import * as reference from './patchify.twin.js';

/** Height and width of a patch in latent pixels; Wan's temporal patch size is 1. */
export interface PatchSize {
  readonly height: number;
  readonly width: number;
}

/**
 * Latent frames as the DiT's tokens, in the component order of the patch embedding: channel, then patch row and column.
 * @param latents [frames, channels, height, width]
 * @returns [frames * gridHeight * gridWidth, channels * patch.height * patch.width]
 */
export function patchify(latents: Tensor, patch: PatchSize): Tensor {
  expectShape(latents.shape, ['any', 'any', 'any', 'any'], 'patchify: latents');
  const [frames, channels, height, width] = latents.shape;
  ensure(
    height % patch.height === 0 && width % patch.width === 0,
    `patchify: latent frames of ${height}x${width} do not split into patches of ${patch.height}x${patch.width}`,
  );
  const tokens = (frames * height * width) / (patch.height * patch.width);
  const output = [tokens, channels * patch.height * patch.width];
  return launchPatchify(latents, latents.shape, patch, { output, toLatents: false, channelLast: false });
}

/**
 * The head's output as latent frames: its components are ordered patch row, column, then channel.
 * Source: Wan-Video/Wan2.1 wan/modules/model.py WanModel.unpatchify.
 * @param tokens [frames * gridHeight * gridWidth, patch.height * patch.width * channels]
 * @param shape [frames, channels, height, width] of the result
 */
export function unpatchify(tokens: Tensor, shape: Shape, patch: PatchSize): Tensor {
  const [frames, channels, height, width] = shape;
  const patchArea = patch.height * patch.width;
  expectShape(tokens.shape, [(frames * height * width) / patchArea, channels * patchArea], 'unpatchify: tokens');
  return launchPatchify(tokens, shape, patch, { output: shape, toLatents: true, channelLast: true });
}

/** Which way a launch goes, and the order of a token's components. */
interface Direction {
  readonly output: Shape;
  readonly toLatents: boolean;
  readonly channelLast: boolean;
}

function launchPatchify(source: Tensor, latents: Shape, patch: PatchSize, direction: Direction): Tensor {
  const { output, toLatents, channelLast } = direction;
  const [frames, channels, height, width] = latents;
  return source.device.launch({
    kernel: 'patchify',
    reads: [source],
    output,
    params: [u32(frames), u32(channels), u32(height), u32(width), u32(patch.height), u32(patch.width)],
    overrides: { CHANNEL_LAST: channelLast ? 1 : 0, TO_LATENTS: toLatents ? 1 : 0 },
    workgroups: Math.ceil(source.size / 64),
    twin: () => (toLatents ? reference.unpatchify : reference.patchify)(source.host, latents, patch, channelLast),
    backward: {
      keeps: [],
      gradients: (cotangent) => {
        const back = { output: source.shape, toLatents: !toLatents, channelLast };
        return [[source, launchPatchify(cotangent, latents, patch, back)]];
      },
    },
  });
}
