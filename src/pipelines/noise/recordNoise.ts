import { drawName } from './fileNoise.js';
import type { NoiseSource } from './noise.js';

/** A file that tensors are written into one after the other. */
export interface NoiseRecording {
  /** @param isBatched whether the tensor has a first dimension of 1 before its frames */
  begin(name: string, frameShape: readonly number[], isBatched: boolean): void;
  append(frames: Float32Array): Promise<void>;
}

/**
 * Passes noise on and writes it down: `noise` [1, frames, ...] at once, then every draw as `renoise.NNN` [frames, ...],
 * as `fileNoise` reads them back. A draw of which only a part is used is written whole.
 * @param fresh a second source of the same noise, read through for `noise`
 * @param framesPerBlock how many frames are asked of it at a time
 */
export async function recordNoise(
  source: NoiseSource,
  fresh: NoiseSource,
  file: NoiseRecording,
  plan: { frames: number; framesPerBlock: number; frameShape: readonly number[] },
): Promise<NoiseSource> {
  const { frames, framesPerBlock, frameShape } = plan;
  const frameSize = frameShape.reduce((count, size) => count * size, 1);
  file.begin('noise', frameShape, true);
  for (let frame = 0; frame < frames; frame += framesPerBlock) {
    await file.append(await fresh.initial(frame, Math.min(framesPerBlock, frames - frame)));
  }
  let draw = 0;
  return {
    initial: (firstFrame, count) => source.initial(firstFrame, count),
    async renoise(count, from, used) {
      const values = await source.renoise(count, 0, count);
      file.begin(drawName(draw++), frameShape, false);
      await file.append(values);
      return values.subarray(from * frameSize, (from + used) * frameSize);
    },
  };
}
