import { TorchGenerator } from '../../tensor/random.js';
import type { NoiseSource } from './noise.js';

/**
 * The noise of a seed as Wan2.1's own pipeline draws it: one draw [channels, frames, height, width], the channels outside
 * the frames, and nothing after it, since its solvers add no noise.
 * Source: Wan-Video/Wan2.1 wan/text2video.py WanT2V.generate (there on the GPU, whose generator differs).
 * @param shape [frames, channels, height, width] of the video's latents
 */
export function wanNoise(
  seed: bigint | number | string,
  [frames, channels, height, width]: readonly [number, number, number, number],
): NoiseSource {
  const area = height * width;
  let drawn: Float32Array | undefined;
  return {
    async initial(firstFrame, count) {
      drawn ??= new TorchGenerator(seed).randn(channels * frames * area);
      const noise = new Float32Array(count * channels * area);
      for (let frame = 0; frame < count; frame++) {
        for (let channel = 0; channel < channels; channel++) {
          const from = (channel * frames + firstFrame + frame) * area;
          noise.set(drawn.subarray(from, from + area), (frame * channels + channel) * area);
        }
      }
      return noise;
    },
    async renoise() {
      throw new Error('the solvers of the bidirectional model add no noise');
    },
  };
}
