import { ensure } from '../../../errors.js';
import { expectShape } from '../../../tensor/shape.js';
import type { Tensor } from '../../../tensor/tensor.js';
import { decodeFrame, type Tap } from './decoder.js';
import { createHistories, freeHistories, type Histories } from './histories.js';
import type { VaeDecoder } from './weights.js';

/** Decodes a video piece by piece; how it is cut into pieces does not change a pixel. */
export interface VaeStream {
  /**
   * The pixels of the next latent frames, one latent frame at a time as they are asked for. Call outside `device.scope`,
   * which would free what the stream remembers.
   * @param latents [frames, channels, height, width]; they must live until the last frame is taken
   * @returns [1, 8 * height, 8 * width, 3] for the first latent frame of a video, [4, ...] for later ones, about -1 to 1,
   *   the caller's to dispose
   * @throws TokenTrimError where the size differs from that of the frames before
   */
  decode(latents: Tensor, tap?: Tap): Generator<Tensor, void>;
  /** The last two input frames of every causal convolution, in forward order; for parity checks. */
  readonly histories: readonly Tensor[];
  /** Forgets the video: the next latents begin a new one, of any size. */
  reset(): void;
  /** Frees what the stream holds; the decoder's weights stay. */
  dispose(): void;
}

/** A stream over a decoder; several may share one. */
export function createVaeStream(decoder: VaeDecoder): VaeStream {
  let histories: Histories | undefined;
  let size = '';
  const reset = () => {
    if (histories) freeHistories(histories);
    histories = undefined;
  };
  return {
    *decode(latents, tap) {
      expectShape(latents.shape, ['any', decoder.config.z_dim, 'any', 'any'], 'vae: latents');
      const [frames, , height, width] = latents.shape;
      const found = `${height}x${width}`;
      if (!histories) size = found;
      ensure(
        found === size,
        `vae: this video's latent frames are ${size}, found ${found}: reset the stream to begin another video`,
      );
      histories ??= createHistories(decoder, height, width);
      const remembered = histories;
      for (let frame = 0; frame < frames; frame++) yield decodeFrame(decoder, remembered, latents, frame, tap);
    },
    get histories() {
      return [...(histories?.frames.values() ?? [])];
    },
    reset,
    dispose: reset,
  };
}
