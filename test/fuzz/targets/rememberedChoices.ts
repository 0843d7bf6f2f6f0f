import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { recallChoices, rememberChoices } from '../../../src/node/caches/rememberedChoices.js';
import { FORMS } from '../../../src/tensor/formTable.js';
import { scratchFile, scratchFolder } from '../support/scratch.js';
import { type FuzzTarget, jsonOf } from '../support/target.js';

const folder = scratchFolder('choices');
const CARD = { name: 'a card', driver: 'its driver' };
const choice = {
  kernel: 'linear',
  type: 'bf16',
  size: 'more rows',
  form: 'tiled',
  milliseconds: { tiled: 1.5, plain: null },
} as const;
rememberChoices(folder, CARD, { 'linear | bf16 | more rows': choice });
const path = join(folder, readdirSync(folder)[0]);
const sound = readFileSync(path);
const put = scratchFile(path);

/** What was measured of kernels: an entry that is none of ours is a miss. */
export default {
  kind: 'json',
  words: ['choices', 'linear | bf16 | more rows', 'form', 'plain', 'subgroup', '__proto__'],
  seeds: async () => [sound, jsonOf({})],
  run(bytes) {
    put(bytes);
    for (const { kernel, form } of Object.values(recallChoices(folder, CARD)))
      if (typeof kernel !== 'string' || !FORMS.includes(form)) throw new Error(`${String(form)} is no form`);
  },
} satisfies FuzzTarget;
