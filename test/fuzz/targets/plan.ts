import { join } from 'node:path';
import type { GenerateFlags } from '../../../src/cli/generateFlags.js';
import { plannedFlags, readPlan } from '../../../src/cli/openPlan.js';
import { openModelFolder } from '../../../src/node/model/modelFolder.js';
import { toyWorld } from '../../../src/node/model/toyWorld.js';
import { checkPlan } from '../../../src/pipelines/plan/parsePlan.js';
import { planRun } from '../../../src/pipelines/plan/planRun.js';
import { scratchFile, scratchFolder } from '../support/scratch.js';
import { type FuzzTarget, jsonOf } from '../support/target.js';

const path = join(scratchFolder('plan'), 'plan.json');
const put = scratchFile(path);
const model = openModelFolder(toyWorld);
const small = { prompt: 'a red circle', width: 16, height: 16, seed: 7 };

/** A plan, or a report that holds one, up to the point where it would be run. */
export default {
  kind: 'json',
  async seeds() {
    const plans = await Promise.all([
      planRun(await model, { ...small, frames: 33, steps: [1000] }),
      planRun(await model, {
        ...small,
        prompt: undefined,
        schedule: { text: '0: a\n13: b' },
        frames: 33,
        preset: 'rolling-forcing',
        steps: [1000],
      }),
      planRun(await model, { ...small, frames: 9, preset: 'wan', steps: [2] }),
    ]);
    return [...plans.map(jsonOf), jsonOf({ status: 'planned', plan: plans[0] })];
  },
  async run(bytes) {
    put(bytes);
    const plan = await readPlan(path);
    const flags = plannedFlags({ out: 'mine.mp4' } as GenerateFlags, plan);
    if (flags.out !== 'mine.mp4' || flags.force) throw new Error('a plan decides where the video goes');
    await checkPlan(await model, plan, path);
  },
} satisfies FuzzTarget;
