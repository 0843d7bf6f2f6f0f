import { checkCount } from '../../options/checkOptions.js';
import { TorchGenerator } from '../../tensor/random.js';
import type { NoiseSource } from './noise.js';

/** What torch's generator fills at a time: whole draws can be cut at multiples of it without changing a number. */
const DRAW_GROUP = 16;

/**
 * The noise of a seed: all initial noise first, then every re-noising draw, as `torch.manual_seed` and `torch.randn` on
 * a CPU give it. Initial noise is made block by block by a second generator, so a long video costs no memory.
 * @param frames latent frames to generate
 * @param frameSize values of a latent frame
 */
export function seededNoise(seed: bigint | number | string, frames: number, frameSize: number): NoiseSource {
  checkCount('seededNoise: frames', frames, 1);
  checkCount('seededNoise: frameSize', frameSize, 1);
  const initial = new TorchGenerator(seed);
  const total = frames * frameSize;
  // Frames that do not fill whole groups cannot be drawn on their own: then the initial noise is drawn at once.
  const everything = frameSize % DRAW_GROUP === 0 ? undefined : initial.randn(total);

  let renoise: TorchGenerator | undefined;
  const afterInitial = (): TorchGenerator => {
    if (everything) return initial;
    const generator = new TorchGenerator(seed);
    generator.skipNormals(total);
    return generator;
  };

  let nextFrame = 0;
  let latest: { firstFrame: number; values: Float32Array } = { firstFrame: -1, values: new Float32Array(0) };
  return {
    async initial(firstFrame, count) {
      if (everything) return everything.slice(firstFrame * frameSize, (firstFrame + count) * frameSize);
      if (latest.firstFrame !== firstFrame || latest.values.length !== count * frameSize) {
        if (firstFrame !== nextFrame) throw new Error(`initial noise of frame ${firstFrame} asked for out of order`);
        latest = { firstFrame, values: initial.randn(count * frameSize) };
        nextFrame += count;
      }
      return latest.values;
    },

    async renoise(count, from, used) {
      renoise ??= afterInitial();
      return renoise.randn(count * frameSize).subarray(from * frameSize, (from + used) * frameSize);
    },
  };
}
