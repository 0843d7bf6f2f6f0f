import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PromptEmbeddingsCache } from '../../../src/node/caches/promptEmbeddingsCache.js';
import { scratchFile, scratchFolder } from '../support/scratch.js';
import type { FuzzTarget } from '../support/target.js';

const folder = scratchFolder('prompts');
const cache = new PromptEmbeddingsCache(folder);
const key = '0'.repeat(64);
const path = join(folder, `${key}.safetensors`);
const embeds = Float32Array.of(1, 2, 3, 4, 5, 6);
let put: ((bytes: Uint8Array) => void) | undefined;

/** An entry of the cache of prompts: what it gives back is what was put there, or nothing. */
export default {
  kind: 'binary',
  words: ['prompt_embeds', 'sha256', '"F32"', '[2,3]'],
  async seeds() {
    await cache.write(key, embeds, [2, 3]);
    return [readFileSync(path)];
  },
  async run(bytes) {
    put ??= scratchFile(path);
    put(bytes);
    const found = await cache.read(key, [2, 3]);
    if (found && found.join() !== embeds.join())
      throw new Error(`an entry that is wrong was believed: ${found.join()}`);
  },
} satisfies FuzzTarget;
