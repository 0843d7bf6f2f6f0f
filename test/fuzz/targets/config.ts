import { readFileSync } from 'node:fs';
import { PART_SCHEMAS } from '../../../src/models/wan/checkpoint/completeConfig.js';
import { configOf, partOf } from '../../../src/models/wan/checkpoint/partConfig.js';
import { modelSchema, parseConfig, readConfigText } from '../../../src/models/wan/config.js';
import { type FuzzTarget, jsonOf, textOf } from '../support/target.js';

const TOY = new URL('../../../weights/toy-world/config.json', import.meta.url);
const DIFFUSERS = {
  _class_name: 'WanTransformer3DModel',
  num_attention_heads: 12,
  eps: 1e-6,
  base_dim: 96,
  latents_mean: [0],
  latents_std: [1],
};

/** config.json, of this program and of others. */
export default {
  kind: 'json',
  seeds: async () => [readFileSync(TOY), jsonOf(DIFFUSERS), jsonOf(JSON.parse(readFileSync(TOY, 'utf8')).transformer)],
  run(bytes) {
    const config = readConfigText(textOf(bytes), 'config.json');
    for (const part of ['transformer', 'vae', 'text-encoder', 'tiny-vae'] as const) {
      const found = configOf(part, { dim: 64 }, [{ label: 'config.json', config }]);
      if (Object.getPrototypeOf(found) !== Object.prototype)
        throw new Error('a configuration with a prototype of its own');
      const section = partOf(config, part);
      if (section) attempt(() => parseConfig(PART_SCHEMAS[part], section, 'config.json'));
    }
    parseConfig(modelSchema, config, 'config.json');
  },
} satisfies FuzzTarget;

function attempt(body: () => unknown): void {
  try {
    body();
  } catch (error) {
    if ((error as Error).name !== 'TokenTrimError') throw error;
  }
}
