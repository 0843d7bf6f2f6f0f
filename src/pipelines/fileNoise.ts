import { ensure, TokenTrimError } from '../errors.js';
import { toFloat32 } from '../weights/convert.js';
import type { TensorSource } from '../weights/tensorSource.js';
import type { NoiseSource } from './noise.js';

/**
 * Recorded noise: `noise` [1, frames, channels, height, width] and the draws `renoise.000`, `renoise.001`, ...
 * [frames, channels, height, width] in the order in which they were made, as parity cases and `--save-noise` have them.
 * @param frameShape [channels, height, width] of the model at the size asked for
 * @param neededFrames latent frames that the run will generate
 * @throws TokenTrimError where the recording is for another size, or for fewer frames
 */
export function fileNoise(source: TensorSource, frameShape: readonly number[], neededFrames: number): NoiseSource {
  const require = (name: string): readonly number[] => {
    if (!source.has(name)) {
      throw new TokenTrimError(`${source.label}: there is no tensor "${name}"; the recording is shorter than this run`);
    }
    const { dtype, shape } = source.info(name);
    if (!['F32', 'F16', 'BF16', 'F64'].includes(dtype) || shape.slice(-3).join() !== frameShape.join()) {
      throw new TokenTrimError(
        `${source.label}: ${name} is ${dtype} [${shape.join(', ')}], expected floats of [..., ${frameShape.join(', ')}]`,
      );
    }
    return shape;
  };
  const frameSize = frameShape.reduce((count, size) => count * size, 1);
  const frames = require('noise').at(-4) ?? 1;
  ensure(frames >= neededFrames, `${source.label}: noise has ${frames} latent frames, this run needs ${neededFrames}`);
  let noise: Float32Array | undefined;
  let draw = 0;
  return {
    async initial(firstFrame, count) {
      noise ??= toFloat32(await source.read('noise'), source.info('noise').dtype);
      return noise.slice(firstFrame * frameSize, (firstFrame + count) * frameSize);
    },

    async renoise(count, from, used) {
      const name = `renoise.${String(draw++).padStart(3, '0')}`;
      const available = require(name).at(-4);
      if (available !== count) {
        throw new TokenTrimError(`${source.label}: ${name} has ${available} frames, this run draws ${count} there`);
      }
      const bytes = await source.readRows(name, from, used);
      return toFloat32(bytes, source.info(name).dtype);
    },
  };
}
