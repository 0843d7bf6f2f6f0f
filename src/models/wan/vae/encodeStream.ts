import { ensure } from '../../../errors.js';
import { channelsFirst } from '../../../kernels/layout/channelsFirst.js';
import { sliceFrames } from '../../../kernels/layout/frames.js';
import { expectShape } from '../../../tensor/shape.js';
import type { Tensor } from '../../../tensor/tensor.js';
import type { Tap } from '../tap.js';
import { encoderSteps } from './encoder.js';
import type { VaeEncoder } from './encoderWeights.js';
import { convInputType, copyHistories, createHistories, freeHistories } from './histories.js';
import { checkStreamOptions, runSteps, type StreamOptions } from './runSteps.js';
import { VideoState } from './videoState.js';

/** Encodes a video piece by piece, as the decoder gives it: one picture, then four at a time. */
export interface VaeEncodeStream {
  /**
   * The next latent frame. Call outside `device.scope`, which would free what the stream remembers.
   * @param pixels [1, height, width, 3] for the first picture of a video, [4, height, width, 3] afterwards, f32 from -1 to
   *   1, height and width multiples of 8; stays the caller's
   * @returns [1, channels, height / 8, width / 8], the mean of the latent distribution, normalised as the DiT wants it; the
   *   caller's to dispose
   * @throws TokenTrimError where the number of pictures or their size is another
   */
  encode(pixels: Tensor, tap?: Tap): Tensor;
  /** Forgets the video: the next picture begins a new one, of any size. */
  reset(): void;
  /** Frees what the stream holds; the encoder's weights stay. */
  dispose(): void;
}

/**
 * A stream over an encoder; several may share one.
 * @param options.splitBytes size of a tensor past which pictures pass one at a time
 */
export function createVaeEncodeStream(encoder: VaeEncoder, options: StreamOptions = {}): VaeEncodeStream {
  checkStreamOptions('createVaeEncodeStream', options);
  const { device, config, first } = encoder;
  const steps = encoderSteps(encoder);
  const chunk = 2 ** config.temperal_downsample.filter(Boolean).length;
  const spatial = 2 ** config.temperal_downsample.length;
  const type = convInputType(first, config);
  const histories = new VideoState('pictures', {
    create: (height, width) => createHistories(device, steps, type, height, width),
    copy: copyHistories,
    free: freeHistories,
  });
  const reset = () => histories.reset();
  return {
    encode(pixels, tap) {
      const [, height, width] = pixels.shape;
      histories.expectSize(height, width);
      expectShape(pixels.shape, [(histories.current?.isStart ?? true) ? 1 : chunk, 'any', 'any', 3], 'vae: pixels');
      ensure(
        height % spatial === 0 && width % spatial === 0,
        `vae: height and width must be multiples of ${spatial}, found ${height}x${width}: crop or scale the pictures`,
      );
      const remembered = histories.begin(height, width, 'encoding failed before');
      return device.scope(() => {
        const copy = sliceFrames(pixels, 0, pixels.shape[0]);
        const [moments] = [...runSteps(steps, copy, remembered, { ...options, tap })];
        return channelsFirst(moments, encoder.latents);
      });
    },
    reset,
    dispose: reset,
  };
}
