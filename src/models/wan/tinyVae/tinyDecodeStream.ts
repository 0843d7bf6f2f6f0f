import { channelsLast } from '../../../kernels/layout/channelsLast.js';
import { sliceFrames } from '../../../kernels/layout/frames.js';
import { patchesToPixels } from '../../../kernels/layout/patchPixels.js';
import { expectShape } from '../../../tensor/shape.js';
import type { Tensor } from '../../../tensor/tensor.js';
import type { PictureStream } from '../vae/pictureStream.js';
import { checkStreamOptions, runSteps, type StreamOptions } from '../vae/runSteps.js';
import { VideoState } from '../vae/videoState.js';
import { type TinyDecoder, tinyDecoderSteps } from './tinyDecoder.js';
import { copyTinyMemory, createTinyMemory, freeTinyMemory, type TinyMemory } from './tinyMemory.js';
import { tinyInputType } from './tinyVaeConfig.js';

/** From 0 ... 1, as a tiny VAE has pixels, to -1 ... 1. */
const RANGE = { scale: 2, offset: -1 };

/**
 * A stream over a tiny decoder, whose pictures are those of the full one's: the first frames, which it makes beyond them,
 * are dropped. Several may share a decoder.
 * Source: madebyollin/taehv taehv.py apply_model_with_memblocks_sequential, TAEHV.decode_video.
 * @param options.splitBytes size of a tensor past which pictures are made one at a time
 */
export function createTinyVaeStream(decoder: TinyDecoder, options: StreamOptions = {}): PictureStream {
  checkStreamOptions('createTinyVaeStream', options);
  const { device, config } = decoder;
  const steps = tinyDecoderSteps(decoder);
  const begins = { type: tinyInputType(decoder.first.weight.dtype, config), toTrim: config.frames_to_trim };
  // Each layer that remembers sees one frame back, which is a latent frame or a part of one.
  const memory = 1 + steps.reduce((reach, { remembers }) => reach + (remembers?.frames ?? 0), 0);
  const streamOver = (state: VideoState<TinyMemory>): PictureStream => ({
    memory,
    *decode(latents, tap) {
      expectShape(latents.shape, ['any', config.latent_channels, 'any', 'any'], 'tiny vae: latents');
      const [frames, , height, width] = latents.shape;
      state.expectSize(height, width);
      const memory = state.begin(height, width, 'the pictures before were not all taken');
      for (let firstFrame = 0; firstFrame < frames; firstFrame++) {
        const latent = device.scope(() => channelsLast(latents, decoder.latents, { firstFrame, frames: 1 }));
        for (const patches of runSteps(steps, latent, memory, { ...options, tap })) {
          const dropped = Math.min(memory.toTrim, patches.shape[0]);
          memory.toTrim -= dropped;
          const pictures = device.scope(() => shownPictures(patches, dropped, config.patch_size));
          patches.dispose();
          if (pictures) yield pictures;
        }
      }
    },
    fork: () => streamOver(state.fork()),
    reset: () => state.reset(),
    dispose: () => state.reset(),
  });
  return streamOver(
    new VideoState('latent frames', {
      create: (height, width) => createTinyMemory(device, steps, begins, height, width),
      copy: copyTinyMemory,
      free: freeTinyMemory,
    }),
  );
}

/** Patches of pictures as pictures, without the first ones; nothing where no other is left. */
function shownPictures(patches: Tensor, dropped: number, patchSize: number): Tensor | undefined {
  const kept = patches.shape[0] - dropped;
  if (kept === 0) return undefined;
  return patchesToPixels(dropped > 0 ? sliceFrames(patches, dropped, kept) : patches, patchSize, RANGE);
}
