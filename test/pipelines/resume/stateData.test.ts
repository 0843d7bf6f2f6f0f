import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seededNoise } from '../../../src/pipelines/noise/noise.js';
import type { Plan } from '../../../src/pipelines/plan/plan.js';
import { BlockFile } from '../../../src/pipelines/resume/blockFile.js';
import { planDifferences } from '../../../src/pipelines/resume/planDifferences.js';
import { RunState } from '../../../src/pipelines/resume/runState.js';
import { packData, packedLength, unpackData } from '../../../src/pipelines/resume/stateData.js';
import { acceptAll, type Policy } from '../../../src/tokentrim/policy.js';
import { device } from '../../support/device.js';
import { MemoryState } from '../../support/memoryState.js';

const arrays = fc.oneof(fc.float32Array(), fc.float64Array(), fc.uint32Array(), fc.uint16Array(), fc.uint8Array());
const values = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    arrays,
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    tie('list'),
    tie('record'),
  ),
  list: fc.array(tie('value'), { maxLength: 4 }),
  record: fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), tie('value'), { maxKeys: 4, noNullPrototype: true }),
})).value;

test('data comes back as it went, typed arrays to the bit', async () => {
  await fc.assert(
    fc.asyncProperty(values, async (value) => {
      const packed = await packData(value);
      expect(packedLength(packed)).toBe(packed.length);
      expect(await unpackData(packed)).toEqual(value);
    }),
  );
});

test('bytes of which any was changed, or that are cut, are none: without an error', async () => {
  const packed = await packData({ steps: [1, 2, 3], latents: Float32Array.of(1, 2, 3), name: 'a state' });
  const change = fc.record({
    at: fc.nat(packed.length - 1),
    by: fc.integer({ min: 1, max: 255 }),
    cut: fc.nat(packed.length - 1),
  });
  await fc.assert(
    fc.asyncProperty(change, async ({ at, by, cut }) => {
      const changed = packed.slice();
      changed[at] ^= by;
      expect(await unpackData(changed)).toBeUndefined();
      expect(await unpackData(packed.subarray(0, cut))).toBeUndefined();
    }),
    { numRuns: 300 },
  );
});

test('whatever lies there is no state, or an error that says so', async () => {
  const files = fc.dictionary(
    fc.constantFrom('run', 'note', 'blocks', 'state-1', 'state-2', 'rows-1-1'),
    fc.oneof(
      fc.uint8Array(),
      values.map((value) => value as object),
    ),
  );
  await fc.assert(
    fc.asyncProperty(files, async (found) => {
      const store = new MemoryState();
      for (const [name, value] of Object.entries(found)) {
        store.files.set(name, value instanceof Uint8Array ? value : await packData(value));
      }
      const state = await RunState.open(store).catch((error: Error) => error.message);
      if (typeof state === 'string') expect(state).toContain('this is not the state of a run');
      else expect(state.run).toBeUndefined();
    }),
  );
});

test('a file of blocks that ends elsewhere than its state says is not taken', async () => {
  const store = new MemoryState();
  store.files.set('blocks', new Uint8Array(100));
  expect(await BlockFile.open(store, 0, 0)).toBeDefined();
  expect(await BlockFile.open(store, 0, 5)).toBeUndefined();
  expect(await BlockFile.open(store, 1, 100)).toBeUndefined();
  expect(await BlockFile.open(store, 2 ** 40, 2 ** 50)).toBeUndefined();
});

test('a policy or noise that cannot say where it is is refused before the run begins; so is another plan', async () => {
  const plan = { program: 'test', seed: 4 } as unknown as Plan;
  const noise = seededNoise(1, 3, 16);
  const policy: Policy = { ...acceptAll, review: async () => [] };
  const state = await RunState.open(new MemoryState());
  await expect(state.begin(device, plan, { noise, policy })).rejects.toThrow('this policy has no `save` and `restore`');
  const own = { initial: noise.initial, renoise: noise.renoise };
  await expect(state.begin(device, plan, { noise: own, policy: acceptAll })).rejects.toThrow(
    "noise of the caller's own",
  );
  expect(planDifferences(plan, { ...plan, seed: 5, program: 'other' } as unknown as Plan)).toEqual(['`seed` 4, not 5']);
  expect(planDifferences(plan, { ...plan } as Plan)).toEqual([]);
});
