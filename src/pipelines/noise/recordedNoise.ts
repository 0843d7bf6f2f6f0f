import * as z from 'zod';
import { ensure, TokenTrimError } from '../../errors.js';
import { checkCount } from '../../options/checkOptions.js';
import { areFinite } from '../../tensor/notFinite.js';
import { toFloat32 } from '../../weights/convert.js';
import type { TensorSource } from '../../weights/tensorSource.js';
import type { NoiseSource } from './noise.js';

/**
 * Recorded noise: `noise` [1, frames, channels, height, width] and the draws `renoise.000`, `renoise.001`, ...
 * [frames, channels, height, width] in the order in which they were made, as parity cases and `recordNoise` have them.
 * @param frameShape [channels, height, width] of the model at the size asked for
 * @param frames latent frames that the run will generate
 * @param draws re-noising draws that it makes at the least
 * @throws TokenTrimError where the recording is for another size, or for a shorter run; later, where TokenTrim makes more
 *   draws than were recorded
 */
export function fileNoise(source: TensorSource, frameShape: readonly number[], frames: number, draws = 0): NoiseSource {
  checkCount('fileNoise: frames', frames, 1);
  checkCount('fileNoise: draws', draws, 0);
  const { label } = source;
  const wanted = `[..., ${frameShape.join(', ')}]`;
  const framesOf = (name: string): number => {
    const { dtype, shape } = source.info(name);
    ensure(
      ['F32', 'F16', 'BF16', 'F64'].includes(dtype) && shape.slice(-3).join() === frameShape.join(),
      `${label}: ${name} is ${dtype} [${shape.join(', ')}], this run needs floats of ${wanted}: choose the \`width\` and ` +
        '`height` that it was recorded at, or record it again with `recordNoise`',
    );
    return shape.at(-4) ?? 1;
  };
  const recorded = recordedGrid(source).frames;
  framesOf('noise');
  ensure(
    recorded >= frames,
    `${label}: noise has ${recorded} latent frames, this run needs ${frames}: use fewer \`frames\`, or record it again`,
  );
  const last = drawName(draws - 1);
  ensure(
    draws === 0 || source.has(last),
    `${label}: this run makes ${draws} re-noising draws, but there is no ${last}: record it again with \`recordNoise\` and ` +
      'the same `preset`, `frames` and `steps`',
  );
  for (let draw = 0; draw < draws; draw++) framesOf(drawName(draw));

  const checked = (name: string, values: Float32Array): Float32Array => {
    ensure(
      areFinite(values),
      `${label}: ${name} holds NaN or infinity, which no noise is: record it again with \`recordNoise\``,
    );
    return values;
  };
  let noise: Float32Array | undefined;
  let draw = 0;
  const frameSize = frameShape.reduce((count, size) => count * size, 1);
  return {
    async initial(firstFrame, count) {
      noise ??= checked('noise', toFloat32(await source.read('noise'), source.info('noise').dtype));
      return noise.slice(firstFrame * frameSize, (firstFrame + count) * frameSize);
    },

    async renoise(count, from, used) {
      const name = drawName(draw++);
      if (!source.has(name)) {
        throw new TokenTrimError(
          `${label}: TokenTrim had a block generated again, and the recording has no noise left for that (there is no ` +
            `${name}): record it again with \`recordNoise\` and the same options, or pass \`trim: false\``,
        );
      }
      const available = framesOf(name);
      ensure(
        available === count,
        `${label}: ${name} has ${available} latent frames, this run draws ${count} there: record it again with ` +
          '`recordNoise` and the same `preset`, `frames` and `steps`',
      );
      return checked(name, toFloat32(await source.readRows(name, from, used), source.info(name).dtype));
    },

    save: () => draw,
    async restore(saved) {
      draw = z.int().nonnegative().parse(saved);
    },
  };
}

/**
 * For how many latent frames of which size a recording is.
 * @throws TokenTrimError where it is no recording of noise
 */
export function recordedGrid(source: TensorSource): { frames: number; height: number; width: number } {
  const shape = source.has('noise') ? source.info('noise').shape : [];
  ensure(
    (shape.length === 5 && shape[0] === 1) || shape.length === 4,
    `${source.label}: expected a tensor "noise" [1, frames, channels, height, width], found ` +
      `${shape.length > 0 ? `[${shape.join(', ')}]` : 'none'}: pass a file that \`recordNoise\` wrote, or a parity case's inputs`,
  );
  const [frames, , height, width] = shape.slice(-4);
  return { frames, height, width };
}

/** `renoise.000`, `renoise.001`, ... */
export function drawName(draw: number): string {
  return `renoise.${String(draw).padStart(3, '0')}`;
}

const recordedState = z.strictObject({ draws: z.array(z.int().positive()), source: z.unknown() });

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
  const draws: number[] = []; // frames of each
  const recorded = async (count: number): Promise<Float32Array> => {
    const values = await source.renoise(count, 0, count);
    file.begin(drawName(draws.length), frameShape, false);
    await file.append(values);
    draws.push(count);
    return values;
  };
  return {
    initial: (firstFrame, count) => source.initial(firstFrame, count),
    async renoise(count, from, used) {
      return (await recorded(count)).subarray(from * frameSize, (from + used) * frameSize);
    },

    save: () => ({ draws: [...draws], source: source.save?.() }),
    // The recording is made again from its beginning, so the draws are too.
    async restore(saved) {
      const state = recordedState.parse(saved);
      for (const count of state.draws) await recorded(count);
      await source.restore?.(state.source);
    },
  };
}
