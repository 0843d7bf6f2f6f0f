import { ensure } from '../../../errors.js';
import { channelsFirst } from '../../../kernels/layout/channelsFirst.js';
import { joinChannels } from '../../../kernels/layout/joinChannels.js';
import { pixelsToPatches } from '../../../kernels/layout/patchPixels.js';
import { expectShape } from '../../../tensor/shape.js';
import type { Tensor } from '../../../tensor/tensor.js';
import type { VaeEncodeStream } from '../vae/encodeStream.js';
import { checkStreamOptions, runSteps, type StreamOptions } from '../vae/runSteps.js';
import { VideoState } from '../vae/videoState.js';
import { type TinyEncoder, tinyEncoderSteps } from './tinyEncoder.js';
import { copyTinyMemory, createTinyMemory, freeTinyMemory } from './tinyMemory.js';
import { tinyEncoderFactors, tinyInputType } from './tinyVaeConfig.js';

/** From -1 ... 1 to 0 ... 1, as a tiny VAE has pixels. */
const RANGE = { scale: 0.5, offset: 0.5 };

/**
 * A stream over a tiny encoder: a latent frame of four pictures, or of fewer, the last of which then is repeated, as
 * upstream does at the end of a video. So a first picture alone is a latent frame, as with the full VAE, and latents
 * are those of the same pictures as its.
 * Source: madebyollin/taehv taehv.py TAEHV.encode_video.
 * @param options.splitBytes size of a tensor past which pictures pass one at a time
 */
export function createTinyVaeEncodeStream(encoder: TinyEncoder, options: StreamOptions = {}): VaeEncodeStream {
  checkStreamOptions('createTinyVaeEncodeStream', options);
  const { device, config, latents } = encoder;
  const steps = tinyEncoderSteps(encoder);
  const { spatial, temporal } = tinyEncoderFactors(config);
  const patch = config.patch_size;
  const begins = { type: tinyInputType(encoder.first.weight.dtype, config), toTrim: 0 };
  const state = new VideoState('pictures', {
    create: (height, width) => createTinyMemory(device, steps, begins, height / patch, width / patch),
    copy: copyTinyMemory,
    free: freeTinyMemory,
  });
  const reset = () => state.reset();
  return {
    encode(pixels, tap) {
      const [count, height, width] = pixels.shape;
      state.expectSize(height, width);
      expectShape(pixels.shape, ['any', 'any', 'any', 3], 'tiny vae: pixels');
      ensure(count <= temporal, `tiny vae: a latent frame is made of ${temporal} pictures, found ${count}`);
      ensure(
        height % spatial === 0 && width % spatial === 0,
        `tiny vae: height and width must be multiples of ${spatial}, found ${height}x${width}: crop or scale the pictures`,
      );
      const memory = state.begin(height, width, 'encoding failed before');
      return device.scope(() => {
        const patches = device.scope(() => pixelsToPatches(repeatLast(pixels, temporal), patch, RANGE));
        const [latent] = [...runSteps(steps, patches, memory, { ...options, tap })];
        return channelsFirst(joinChannels(latent, latent), latents); // which drops the second half, log variances elsewhere
      });
    },
    reset,
    dispose: reset,
  };
}

/** `count` frames: those of x, then the last of them again. */
function repeatLast(x: Tensor, count: number): Tensor {
  const frames = x.shape[0];
  if (frames === count) return x;
  const filled = x.device.zeros([count, ...x.shape.slice(1)]);
  x.device.updateRows(filled, 0, x, 0, frames);
  for (let frame = frames; frame < count; frame++) x.device.updateRows(filled, frame, x, frames - 1, 1);
  return filled;
}
