import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { planMemory } from '../../src/pipelines/planMemory.js';
import { type GenerateRequest, runStages } from '../../src/pipelines/stages.js';
import { openDevice } from '../../src/tensor/openDevice.js';
import { type ModelFolder, openModelFolder } from '../../src/weights/modelFolder.js';
import { toyWorld } from '../../src/weights/toyWorld.js';
import { device, referenceDevice } from '../support/device.js';
import { MEMORY_PLAN_TOLERANCE } from '../support/tolerance.js';

let folder: ModelFolder;
beforeAll(async () => {
  folder = await openModelFolder(toyWorld);
});
afterAll(() => folder.close());

const SMALL = { prompt: 'a red circle', width: 32, height: 32, frames: 45, promptCache: false } as const;
const REQUESTS: Record<string, GenerateRequest> = {
  'self-forcing': { ...SMALL, steps: [1000, 500] },
  'self-forcing in 16 bits': { ...SMALL, steps: [1000, 500], dtype: 'bf16' },
  'rolling-forcing': { ...SMALL, preset: 'rolling-forcing', steps: [1000, 500] },
  wan: { ...SMALL, preset: 'wan', steps: [2] },
};

describe('the plan of a run is what it takes', () => {
  test.each(Object.entries(REQUESTS))('%s', async (_, request) => {
    for (const decode of ['during', 'after'] as const) {
      const fresh = await openDevice();
      const planned = await planMemory(fresh, folder, { ...request, decode });
      expect(fresh.memory.peakBytes).toBe(0); // planning allocates nothing
      for await (const event of runStages(fresh, folder, { ...request, decode: planned.decode })) void event;
      const taken = fresh.memory.peakBytes;
      fresh.close();
      expect(Math.abs(planned.peakBytes / taken - 1)).toBeLessThan(MEMORY_PLAN_TOLERANCE);
      expect(planned.stages.map(({ stage }) => stage)).toContain('rollout');
      expect(planned.stages.map(({ stage }) => stage).includes('decode')).toBe(planned.decode === 'after');
    }
  });
});

test('pictures are made after the rollout where both do not fit', async () => {
  const request = REQUESTS['self-forcing'];
  const during = await planMemory(device, folder, { ...request, decode: 'during' });
  const after = await planMemory(device, folder, { ...request, decode: 'after' });
  expect(after.peakBytes).toBeLessThan(during.peakBytes);
  expect((await planMemory(device, folder, request, during.peakBytes)).decode).toBe('during');
  expect((await planMemory(device, folder, request, during.peakBytes - 1)).decode).toBe('after');
  const refused = planMemory(device, folder, request, after.peakBytes / 2);
  await expect(refused).rejects.toThrow(/needs 0\.0 GB of memory on .* and may take 0\.0 GB: use .*a smaller --width/);
});

test('a smaller window is named where it would help', async () => {
  const long = { ...SMALL, frames: 477, window: 99, steps: [1000] };
  const wide = await planMemory(device, folder, { ...long, decode: 'after' });
  const narrow = await planMemory(device, folder, { ...long, decode: 'after', window: 24 });
  const limit = (wide.peakBytes + narrow.peakBytes) / 2;
  await expect(planMemory(device, folder, long, limit)).rejects.toThrow(/use --window \d+ \(/);
});

test('what no machine has is refused before it is counted', async () => {
  const huge = { ...SMALL, width: 1_000_000, height: 1_000_000 };
  await expect(planMemory(device, folder, huge)).rejects.toThrow(/a tensor .* takes .* MiB, but/);
  await expect(planMemory(referenceDevice, folder, huge)).rejects.toThrow('needs more than 1000 GB of memory');
});
