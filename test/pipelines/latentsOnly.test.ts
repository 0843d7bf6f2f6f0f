import { afterAll, beforeAll, expect, test } from 'vitest';
import { planMemory } from '../../src/node/generate.js';
import { type ModelFolder, openModelFolder } from '../../src/node/model/modelFolder.js';
import { toyWorld } from '../../src/node/model/toyWorld.js';
import { checkPlan, parsePlan } from '../../src/pipelines/plan/parsePlan.js';
import type { Plan } from '../../src/pipelines/plan/plan.js';
import { planRun } from '../../src/pipelines/plan/planRun.js';
import { runPlan } from '../../src/pipelines/stages.js';
import { referenceDevice } from '../support/device.js';

let folder: ModelFolder;
beforeAll(async () => {
  folder = await openModelFolder(toyWorld);
});
afterAll(() => folder.close());

const SMALL = { prompt: 'a red circle', width: 16, height: 16, frames: 9, steps: [1000] } as const;

/** The events of a run, and the latents of its blocks. */
async function run(plan: Plan, model = folder) {
  const kinds: string[] = [];
  const latents: number[][] = [];
  for await (const event of runPlan(referenceDevice, model, plan)) {
    kinds.push(event.kind === 'stage' ? event.stage : event.kind);
    if (event.kind === 'block') latents.push(Array.from(await referenceDevice.read(event.latents)));
  }
  return { kinds, latents };
}

test.each(['self-forcing', 'rolling-forcing', 'wan'] as const)(
  '%s without pictures: the same latents, and no VAE',
  async (preset) => {
    const request = {
      ...SMALL,
      preset,
      steps: preset === 'wan' ? [2] : preset === 'rolling-forcing' ? [1000, 500] : [1000],
    };
    const plan = (await planRun(folder, { ...request, decode: 'never' })) as Plan;
    const reads: string[] = [];
    const vae = Object.assign(Object.create(folder.vae), { read: async (name: string) => void reads.push(name) });
    const { kinds, latents } = await run(plan, { ...folder, vae });
    expect(reads).toEqual([]);
    expect(kinds.filter((kind) => kind === 'frames' || kind === 'decode')).toEqual([]);
    expect(plan).not.toHaveProperty('decoder');
    const whole = await run((await planRun(folder, { ...request, decode: 'after' })) as Plan);
    expect(whole.kinds).toContain('frames');
    expect(latents.length).toBeGreaterThan(0);
    expect(latents).toEqual(whole.latents);
  },
);

test('its memory is planned without the VAE, and its plan runs again', async () => {
  const memory = await planMemory(referenceDevice, folder, { ...SMALL, decode: 'never' });
  const during = await planMemory(referenceDevice, folder, { ...SMALL, decode: 'during' });
  expect(memory.decode).toBe('never');
  expect(memory.stages.map(({ stage }) => stage)).toEqual(['text', 'weights', 'rollout']);
  expect(memory.peakBytes).toBeLessThan(during.peakBytes);
  const written = JSON.stringify(await planRun(folder, { ...SMALL, decode: 'never' }));
  const plan = parsePlan(JSON.parse(written), 'it');
  expect(await checkPlan(folder, plan, 'it')).toBeUndefined();
});

test('what says how pictures are made is refused beside it', async () => {
  for (const also of [{ decoder: 'full' }, { preview: true }] as const) {
    const refused = planRun(folder, { ...SMALL, ...also, decode: 'never' });
    await expect(refused).rejects.toThrow('`decode` never makes no pictures');
  }
});
