import { join } from 'node:path';
import { chooseAdapter } from '../../../src/node/adapter/chooseAdapter.js';
import { recallAdapters } from '../../../src/node/caches/rememberedAdapters.js';
import { scratchFile, scratchFolder } from '../support/scratch.js';
import { type FuzzTarget, jsonOf } from '../support/target.js';

const path = join(scratchFolder('adapters'), 'adapters.json');
const put = scratchFile(path);
const adapter = {
  name: 'a card',
  kind: 'gpu',
  description: 'its driver',
  features: ['shader-f16'],
  limits: { maxBufferSize: 1 },
};

/** The remembered answer of a probe. */
export default {
  kind: 'json',
  words: ['adapters', 'complaints', 'lavapipe', 'swiftshader', 'problem'],
  seeds: async () => [
    jsonOf({ adapters: [adapter, { ...adapter, name: 'llvmpipe', kind: 'lavapipe' }], complaints: ['x'] }),
  ],
  run(bytes) {
    put(bytes);
    const found = recallAdapters(path);
    for (const request of [undefined, 'gpu', 'a card']) chooseAdapter(found?.adapters ?? [], request);
    for (const { limits } of found?.adapters ?? [])
      if (Object.values(limits).some((limit) => typeof limit !== 'number'))
        throw new Error('a limit that is no number');
  },
} satisfies FuzzTarget;
