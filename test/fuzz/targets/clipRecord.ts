import { join } from 'node:path';
import { readVideoRecord } from '../../../src/cli/videoRecord.js';
import { openModelFolder } from '../../../src/node/model/modelFolder.js';
import { toyWorld } from '../../../src/node/model/toyWorld.js';
import { planRun } from '../../../src/pipelines/plan/planRun.js';
import { scratchFile, scratchFolder } from '../support/scratch.js';
import { type FuzzTarget, jsonOf } from '../support/target.js';

const path = join(scratchFolder('record'), 'clip.json');
const put = scratchFile(path);

/** What a video says of how it was made, as JSON beside it. */
export default {
  kind: 'json',
  words: ['program', 'record', 'adapter', 'kernels', 'plan', 'latents', 'pictures', 'sha256'],
  async seeds() {
    const plan = await planRun(await openModelFolder(toyWorld), {
      prompt: 'a',
      width: 16,
      height: 16,
      seed: 7,
      frames: 33,
      steps: [1000],
    });
    const sha256 = '0'.repeat(64);
    const [adapter, pictures] = [
      { name: 'a card', driver: null },
      { frames: 33, sha256 },
    ];
    return [
      jsonOf({
        program: 'tokentrim',
        record: 1,
        adapter,
        kernels: { forced: null, classes: {} },
        plan,
        latents: { sha256 },
        pictures,
      }),
    ];
  },
  async run(bytes) {
    put(bytes);
    await readVideoRecord(path);
  },
} satisfies FuzzTarget;
