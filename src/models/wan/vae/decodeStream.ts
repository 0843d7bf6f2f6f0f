import { channelsLast } from '../../../kernels/layout/channelsLast.js';
import { expectShape } from '../../../tensor/shape.js';
import type { Tensor } from '../../../tensor/tensor.js';
import type { Tap } from '../tap.js';
import { decoderSteps } from './decoder.js';
import type { VaeDecoder } from './decoderWeights.js';
import { convInputType, type History, VideoHistories } from './histories.js';
import { checkStreamOptions, runSteps, type StreamOptions } from './runSteps.js';

/** Decodes a video piece by piece; how it is cut into pieces does not change a pixel. */
export interface VaeStream {
  /**
   * The pictures of the next latent frames, as soon as they are ready and as they are asked for: where pictures are
   * large, one at a time. Take all of them. Call outside `device.scope`, which would free what the stream remembers.
   * @param latents [frames, channels, height, width]; they must live until the last picture is taken
   * @returns [pictures, 8 * height, 8 * width, 3], about -1 to 1, the caller's to dispose: one picture for the first latent
   *   frame of a video, four in all for each later one
   * @throws TokenTrimError where the size differs from that of the frames before
   */
  decode(latents: Tensor, tap?: Tap): Generator<Tensor, void>;
  /** What every causal convolution remembers, in forward order; for parity checks. */
  readonly histories: readonly History[];
  /** Forgets the video: the next latents begin a new one, of any size. */
  reset(): void;
  /** Frees what the stream holds; the decoder's weights stay. */
  dispose(): void;
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
  const histories = new VideoHistories('latent frames', device, steps, type);
  const reset = () => histories.reset();
  return {
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
    reset,
    dispose: reset,
  };
}
