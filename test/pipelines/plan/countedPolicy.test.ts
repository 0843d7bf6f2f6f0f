import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type ModelFolder, openModelFolder } from '../../../src/node/model/modelFolder.js';
import { toyWorld } from '../../../src/node/model/toyWorld.js';
import { countedPolicy } from '../../../src/pipelines/plan/countedPolicy.js';
import type { Plan } from '../../../src/pipelines/plan/plan.js';
import { planMemory } from '../../../src/pipelines/plan/planMemory.js';
import { planRun } from '../../../src/pipelines/plan/planRun.js';
import { runPlan } from '../../../src/pipelines/stages.js';
import { PlanningDevice } from '../../../src/tensor/planningDevice.js';
import { ReferenceDevice } from '../../../src/tensor/referenceDevice.js';
import type { Policy } from '../../../src/tokentrim/policy.js';
import * as method from '../../../src/tokentrim/tokenTrim.js';

let folder: ModelFolder;
beforeAll(async () => {
  folder = await openModelFolder(toyWorld);
});
afterAll(() => folder.close());

const SMALL = {
  prompt: 'a red circle',
  width: 16,
  height: 16,
  frames: 33,
  steps: [1000, 500],
  decode: 'during',
} as const;
const RUNS = [
  { ...SMALL, trim: { check: 'final' } },
  { ...SMALL, trim: { check: 'first-step' } },
  { ...SMALL, preset: 'rolling-forcing' },
] as const;

/** What a plan counts where a policy is asked. */
async function counted(plan: Plan, policy?: Policy) {
  const device = new PlanningDevice(new ReferenceDevice());
  for await (const event of runPlan(device, folder, plan, { policy })) void event;
  const { memory, operations, largestWork } = device;
  return { memory, operations, largestWork, planned: [...device.kernels.planned.keys()].sort() };
}

test.each(RUNS)('counts what TokenTrim takes, %j', async (request) => {
  const plan = (await planRun(folder, request)) as Plan;
  const { check } = plan.trim as method.TokenTrimOptions;
  const expected = await counted(plan);
  expect(expected.planned.join()).toContain('tokenDrift');
  expect(await counted(plan, countedPolicy({ height: 2, width: 2 }, check))).toEqual(expected);
});

test('no plan asks TokenTrim, so that a debugger stops in a run with values', async () => {
  const asked = vi.spyOn(method, 'tokenTrim');
  await planMemory(new ReferenceDevice(), folder, SMALL);
  expect(asked).not.toHaveBeenCalled();
  await counted((await planRun(folder, SMALL)) as Plan); // as a run does, which is seen here
  expect(asked).toHaveBeenCalled();
});
