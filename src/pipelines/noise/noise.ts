import * as z from 'zod';
import { checkCount } from '../../options/checkOptions.js';
import { generatorSchema, TorchGenerator } from '../../tensor/random.js';

/**
 * Where a rollout's randomness comes from. `initial` may be asked for the same frames again (a block that is generated
 * again starts from the same noise); `renoise` draws anew every time, in order.
 */
export interface NoiseSource {
  /** The initial noise of consecutive frames: count * frameSize values. */
  initial(firstFrame: number, count: number): Promise<Float32Array>;
  /**
   * The next draw, of `count` frames, of which only frames from ... from + used - 1 are returned. Rolling Forcing draws
   * whole windows and keeps one block.
   */
  renoise(count: number, from: number, used: number): Promise<Float32Array>;
  /** Where it is, as plain data; a source without it cannot be gone on with in another process. */
  save?(): unknown;
  /**
   * Has a new source of the same noise draw what the one that was saved would have drawn.
   * @throws where that is not what `save` gave
   */
  restore?(saved: unknown): Promise<void>;
}

const seededState = z.strictObject({
  initial: generatorSchema.nullable(),
  nextFrame: z.int().nonnegative(),
  renoise: generatorSchema.nullable(),
});

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
  let initial = new TorchGenerator(seed);
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

    save: () => ({ initial: everything ? null : initial.save(), nextFrame, renoise: renoise?.save() ?? null }),

    async restore(saved) {
      const state = seededState.parse(saved);
      if (state.initial) initial = TorchGenerator.from(state.initial);
      renoise = state.renoise ? TorchGenerator.from(state.renoise) : undefined;
      nextFrame = state.nextFrame;
    },
  };
}

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
    save: () => null,
    restore: async () => undefined,
  };
}
