import { fileNoise, recordedGrid } from '../../../src/pipelines/noise/recordedNoise.js';
import { readLatents } from '../../../src/trace/readLatents.js';
import { openTensors } from '../../../src/weights/openTensors.js';
import { encodeHeader } from '../../../src/weights/safetensors/encodeHeader.js';
import { memoryBytes } from '../../weights/memoryBytes.js';
import type { FuzzTarget } from '../support/target.js';

const seed = (name: string, shape: number[], metadata = {}) => {
  const byteLength = 2 * shape.reduce((product, size) => product * size, 1);
  const draw = { name: 'renoise.000', dtype: 'F16' as const, shape: shape.slice(-4), byteLength };
  return Buffer.concat([
    encodeHeader('seed', [{ name, dtype: 'F16', shape, byteLength }, draw], metadata),
    Buffer.alloc(2 * byteLength),
  ]);
};

/** Files of latents, of any pipeline, and of recorded noise. */
export default {
  kind: 'binary',
  words: ['"noise"', '"latents"', '[1,3,16,2,2]', '"writer":"tokentrim"', '"F64"', '"BF16"'],
  seeds: async () => [
    seed('latents', [16, 3, 2, 2]),
    seed('noise', [1, 3, 16, 2, 2], { writer: 'tokentrim' }),
    seed('noise', [3, 16, 2, 2]),
  ],
  async run(bytes) {
    const source = await openTensors(memoryBytes('a file', bytes));
    try {
      for (const request of [{}, { tensor: 'noise' }, { channels: 3, order: 'frames-first' }] as const) {
        const found = await readLatents(source, request).catch(onlyRefused);
        if (found && found.block(0, 1).length !== found.shape.reduce((product, size) => product * size, 1))
          throw new Error('a block of another size');
      }
      const { frames, height, width } = recordedGrid(source);
      const noise = fileNoise(source, [16, height, width], Math.max(1, frames), 1);
      await noise.initial(0, 1);
      await noise.renoise(1, 0, 1);
    } finally {
      await source.close();
    }
  },
} satisfies FuzzTarget;

function onlyRefused(error: unknown): undefined {
  if ((error as Error).name !== 'TokenTrimError') throw error;
}
