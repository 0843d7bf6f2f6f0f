import { join } from 'node:path';
import { applyConfig } from '../../../src/cli/configFile.js';
import { createProgram } from '../../../src/cli/program.js';
import { scratchFile, scratchFolder } from '../support/scratch.js';
import { type FuzzTarget, jsonOf } from '../support/target.js';

const path = join(scratchFolder('config'), 'options.json');
const put = scratchFile(path);
const generate = createProgram(async () => {}).commands.find((command) => command.name() === 'generate')!;

/** The file of `--config`. */
export default {
  kind: 'json',
  words: generate.options.flatMap((option) => [option.attributeName(), option.long ?? '']),
  seeds: async () => [
    jsonOf({
      frames: 33,
      'trim-fraction': 0.2,
      steps: [1000, 500],
      out: 'a.mp4',
      size: '64x64',
      trim: true,
      model: null,
      seed: '7',
    }),
    jsonOf({
      trim: { fraction: 0.1, warmup: 2 },
      dtype: { vae: 'f32', transformer: 'bf16' },
      promptsAt: 'prompts.txt',
      flowmo: 'all',
    }),
  ],
  async run(bytes) {
    put(bytes);
    await applyConfig(generate, path);
  },
} satisfies FuzzTarget;
