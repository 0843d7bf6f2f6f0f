import { channelsLast } from '../../../kernels/layout/channelsLast.js';
import { expectShape } from '../../../tensor/shape.js';
import { decoderSteps } from './decoder.js';
import type { VaeDecoder } from './decoderWeights.js';
import {
  convInputType,
  copyHistories,
  createHistories,
  freeHistories,
  type Histories,
  type History,
} from './histories.js';
import type { PictureStream } from './pictureStream.js';
import { checkStreamOptions, runSteps, type StreamOptions } from './runSteps.js';
import type { Step } from './steps.js';
import { VideoState } from './videoState.js';

/** Decodes a video piece by piece; how it is cut into pieces does not change a pixel. */
export interface VaeStream extends PictureStream {
  /** What every causal convolution remembers, in forward order; for parity checks. */
  readonly histories: readonly History[];
}

/**
 * A stream over a decoder; several may share one.
 * @param options.splitBytes size of a tensor past which pictures are made one at a time
 */
export function createVaeStream(decoder: VaeDecoder, options: StreamOptions = {}): VaeStream {
  checkStreamOptions('createVaeStream', options);
  const { device, config, conv1 } = decoder;
  const steps = decoderSteps(decoder);
  const type = convInputType(conv1, config);
  const memory = memoryOf(steps);
  const streamOver = (histories: VideoState<Histories>): VaeStream => ({
    memory,
    *decode(latents, tap) {
      expectShape(latents.shape, ['any', config.z_dim, 'any', 'any'], 'vae: latents');
      const [frames, , height, width] = latents.shape;
      histories.expectSize(height, width);
      const remembered = histories.begin(height, width, 'the pictures before were not all taken');
      for (let firstFrame = 0; firstFrame < frames; firstFrame++) {
        const latent = device.scope(() => channelsLast(latents, decoder.latents, { firstFrame, frames: 1 }));
        yield* runSteps(steps, latent, remembered, { ...options, tap });
      }
    },
    get histories() {
      return [...(histories.current?.byConv.values() ?? [])];
    },
    fork: () => streamOver(histories.fork()),
    reset: () => histories.reset(),
    dispose: () => histories.reset(),
  });
  return streamOver(
    new VideoState('latent frames', {
      create: (height, width) => createHistories(device, steps, type, height, width),
      copy: copyHistories,
      free: freeHistories,
    }),
  );
}

/**
 * Each causal convolution sees two frames back, at the rate that it works at: past the doublings in time a frame is half, then
 * a quarter, of a latent one. The first latent frame of a stream passes the doublings by, so that it counts for none.
 */
function memoryOf(steps: readonly Step[]): number {
  let reach = 0; // latent frames
  let rate = 1;
  for (const { causal, scale } of steps) {
    reach += (2 * causal.length) / rate;
    if (causal.length > 0 && scale === 2) rate *= 2;
  }
  return 2 + Math.ceil(reach);
}
