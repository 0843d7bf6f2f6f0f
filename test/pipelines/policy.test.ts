import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type GenerateRequest, generate, planMemory } from '../../src/node/generate.js';
import { type ModelFolder, openModelFolder } from '../../src/node/model/modelFolder.js';
import { toyWorld } from '../../src/node/model/toyWorld.js';
import { seededNoise } from '../../src/pipelines/noise/noise.js';
import type { PolicyFactory } from '../../src/pipelines/plan/request.js';
import { rollingForcing } from '../../src/pipelines/rollingForcing.js';
import { selfForcing } from '../../src/pipelines/selfForcing.js';
import { acceptAll, type Decision, decision, type Policy } from '../../src/tokentrim/policy.js';
import { device } from '../support/device.js';
import {
  runRollout,
  TINY_FRAME_SIZE,
  TINY_ROLLING_FORCING,
  TINY_SELF_FORCING,
  type TinyModel,
  tinyModel,
} from '../support/tinyModel.js';

let folder: ModelFolder;
let tiny: TinyModel;
beforeAll(async () => {
  folder = await openModelFolder(toyWorld);
  tiny = await tinyModel(device);
});
afterAll(async () => {
  tiny.dispose();
  await folder.close();
});

const SMALL: GenerateRequest = {
  ...{ prompt: 'a red circle', width: 16, height: 16, frames: 33, steps: [1000] },
  ...{ promptCache: false, decode: 'after' },
};

/** Has every block after the first made again once, without token 0; says what it was asked. */
function again(): Policy & { readonly log: string[] } {
  const log: string[] = [];
  let attempts = 0;
  return {
    ...acceptAll,
    log,
    async review(block) {
      log.push(`review ${block}`);
      return ++attempts === 1 && block > 0 ? [0] : [];
    },
    async accept(block) {
      const made = decision({ block, attempts, unstable: [0] });
      attempts = 0;
      return made;
    },
    dispose: () => void log.push('dispose'),
  };
}

async function decisionsOf(request: GenerateRequest): Promise<(Decision | null)[]> {
  const decisions: (Decision | null)[] = [];
  for await (const event of generate(device, folder, request)) {
    if (event.kind === 'block') decisions.push(event.decision);
  }
  return decisions;
}

describe("a policy of one's own", () => {
  test.each(['self-forcing', 'rolling-forcing'] as const)(
    'is asked by %s in the place of TokenTrim',
    async (preset) => {
      const policy = again();
      const decisions = await decisionsOf({ ...SMALL, preset, policy });
      expect(decisions.map((made) => made?.attempts)).toEqual([1, 2, 2]);
      const reviews = ['review 0', ...[1, 1, 2, 2].map((block) => `review ${block}`)];
      expect(policy.log).toEqual([...reviews, 'dispose']);
    },
  );

  test('may be made for the run, of its plan and the patch', async () => {
    const made: Parameters<PolicyFactory>[0][] = [];
    const policies: ReturnType<typeof again>[] = [];
    const factory: PolicyFactory = (run) => {
      made.push(run);
      policies.push(again());
      return policies.at(-1) as Policy;
    };
    await planMemory(device, folder, { ...SMALL, policy: factory });
    expect(made).toEqual([]); // planning asks nothing of it
    await decisionsOf({ ...SMALL, policy: factory });
    expect(made.map(({ plan, patch }) => [plan.frames, patch])).toEqual([[9, { height: 2, width: 2 }]]);
    expect(policies[0].log.at(-1)).toBe('dispose');
  });

  test('is not asked while memory is planned, and is given back where the run fails', async () => {
    const policy = again();
    const noise = () => ({
      initial: () => Promise.reject(new Error('no noise')),
      renoise: () => Promise.reject(new Error('no noise')),
    });
    await expect(decisionsOf({ ...SMALL, decode: undefined, policy, noise })).rejects.toThrow('no noise');
    expect(policy.log).toEqual(['dispose']);
  });

  test.each<[Partial<GenerateRequest>, string]>([
    [{ trim: {} }, "there are a policy and TokenTrim's parameters (`trim`)"],
    [{ trim: false }, 'leave one of them out'],
    [{ preset: 'wan', steps: [2] }, 'makes all frames at once and asks no policy'],
    [{ policy: 5 as never }, '`policy` of generate must be a policy, or a function that makes one, found 5'],
    [{ policy: { ...acceptAll, review: 5 } as never }, '`policy.review` of generate must be a function, found 5'],
    [{ policy: (() => undefined) as never }, 'a policy must be an object with check, review, accept and dispose'],
  ])('with %o is refused', async (options, message) => {
    await expect(decisionsOf({ ...SMALL, policy: again(), ...options })).rejects.toThrow(message);
  });
});

describe('who runs a rollout by itself is protected too', () => {
  const noise = () => seededNoise(1, TINY_SELF_FORCING.frames, TINY_FRAME_SIZE);
  const rollouts = {
    selfForcing: (policy: Policy) => selfForcing(tiny.model, tiny.context, noise(), TINY_SELF_FORCING, policy),
    rollingForcing: (policy: Policy) => rollingForcing(tiny.model, tiny.context, noise(), TINY_ROLLING_FORCING, policy),
  };

  test.each(Object.entries(rollouts))('%s', async (_, start) => {
    const { liveStorages } = device.memory;
    let reviews = 0;
    const never: Policy = { ...acceptAll, review: async () => [reviews++ % 2] };
    await expect(runRollout(start(never))).rejects.toThrow('generated again after 16 attempts');
    expect(reviews).toBe(16);
    const beyond: Policy = { ...acceptAll, review: async () => [15] };
    await expect(runRollout(start(beyond))).rejects.toThrow('whole numbers from 0 to 14, each once, found 15 at [0]');
    await expect(runRollout(start({} as Policy))).rejects.toThrow('`check` of the policy must be one of');
    expect(device.memory.liveStorages).toBe(liveStorages);
  });
});
