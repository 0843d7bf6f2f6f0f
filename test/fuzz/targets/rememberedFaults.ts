import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { recallFaults, rememberFaults } from '../../../src/node/caches/rememberedFaults.js';
import { scratchFile, scratchFolder } from '../support/scratch.js';
import type { FuzzTarget } from '../support/target.js';

const folder = scratchFolder('faults');
const CARD = { name: 'a card', driver: 'its driver' };
rememberFaults(folder, CARD, ['linear tiled']);
const path = join(folder, readdirSync(folder)[0]);
const sound = readFileSync(path);
const put = scratchFile(path);

/** Forms that a self-test found wrong. */
export default {
  kind: 'json',
  words: ['faulty', 'linear tiled', 'program', 'driver'],
  seeds: async () => [sound],
  run(bytes) {
    put(bytes);
    if (recallFaults(folder, CARD).some((fault) => typeof fault !== 'string'))
      throw new Error('a fault that is no text');
  },
} satisfies FuzzTarget;
