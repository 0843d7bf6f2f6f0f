import type { Tensor } from '../../../tensor/tensor.js';
import type { Tap } from '../tap.js';

/** Decodes a video piece by piece, by whatever decoder; how it is cut into pieces does not change a pixel. */
export interface PictureStream {
  /**
   * The pictures of the next latent frames, as soon as they are ready and as they are asked for: where pictures are
   * large, one at a time. Take all of them. Call outside `device.scope`, which would free what the stream remembers.
   * @param latents [frames, channels, height, width]; they must live until the last picture is taken
   * @returns [pictures, 8 * height, 8 * width, 3], about -1 to 1, the caller's to dispose: one picture for the first latent
   *   frame of a video, four in all for each later one
   * @throws TokenTrimError where the size differs from that of the frames before
   */
  decode(latents: Tensor, tap?: Tap): Generator<Tensor, void>;
  /**
   * Latent frames that a picture depends on at the most, its own included: a stream that begins so many before it makes it as
   * one that began with the video, to the bit.
   */
  readonly memory: number;
  /**
   * A stream that goes on from where this one is, apart from it, over the same decoder: what pictures another try at the
   * next frames would have. Takes the memory of what the stream remembers once more; the caller's to dispose.
   */
  fork(): PictureStream;
  /** Forgets the video: the next latents begin a new one, of any size. */
  reset(): void;
  /** Frees what the stream holds; the decoder's weights stay. */
  dispose(): void;
}
