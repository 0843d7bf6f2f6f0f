import { afterAll, describe, expect, test } from 'vitest';
import type { NoiseSource } from '../../src/pipelines/noise/noise.js';
import { seededNoise } from '../../src/pipelines/noise/noise.js';
import { type SelfForcingOptions, selfForcing } from '../../src/pipelines/selfForcing.js';
import { acceptAll, type Policy } from '../../src/tokentrim/policy.js';
import { device } from '../support/device.js';
import { runRollout, TINY_FRAME_SIZE, TINY_SELF_FORCING, tinyModel } from '../support/tinyModel.js';
import { normal } from '../support/twins.js';

const tiny = await tinyModel(device, 51);
afterAll(() => tiny.dispose());

interface Log {
  readonly events: string[];
  readonly timesteps: number[][];
  readonly draws: number[];
  readonly initial: [number, number][];
  readonly frames: number[];
}

/** What a rollout asked for and did, in order. */
async function logOf(changed: Partial<SelfForcingOptions>, policy: Policy = acceptAll): Promise<Log> {
  const options = { ...TINY_SELF_FORCING, window: 12, sink: 0, ...changed };
  const noise = seededNoise(1, options.frames, TINY_FRAME_SIZE);
  const log: Log = { events: [], timesteps: [], draws: [], initial: [], frames: [] };
  const recorded: NoiseSource = {
    initial(first, count) {
      log.initial.push([first, count]);
      return noise.initial(first, count);
    },
    renoise(count, from, used) {
      expect([from, used]).toEqual([0, count]);
      log.draws.push(count);
      return noise.renoise(count, from, used);
    },
  };
  await runRollout(selfForcing(tiny.model, tiny.context, recorded, options, policy), (event) => {
    if (event.kind === 'review') {
      const tokens = event.unstable.length > 0 ? `: ${event.unstable}` : '';
      log.events.push(`review ${event.block} try ${event.attempt}${tokens}`);
      return;
    }
    const attempt = event.kind === 'step' ? ` ${event.step} try ${event.attempt}` : '';
    log.events.push(`${event.kind} ${event.block}${attempt}`);
    if (event.kind === 'step') log.timesteps.push([...event.timesteps]);
    if (event.kind === 'block') log.frames.push(...event.cache.frames.map(({ frame }) => frame).slice(-1));
  });
  return log;
}

/** Rejects the given blocks once each. */
const rejecting = (blocks: readonly number[], check: Policy['check']): Policy => {
  const left = new Set(blocks);
  return { ...acceptAll, check, review: async (block) => (left.delete(block) ? [0, 3] : []) };
};

test('a block is denoised step by step, written into the cache, then yielded', async () => {
  const { events, timesteps, draws, initial } = await logOf({ frames: 6 });
  expect(events).toEqual([
    ...['step 0 0 try 0', 'step 0 1 try 0', 'review 0 try 0', 'cache 0', 'block 0'],
    ...['step 1 0 try 0', 'step 1 1 try 0', 'review 1 try 0', 'cache 1', 'block 1'],
  ]);
  const warped = Math.fround(833.3333129882812); // 500, warped by a shift of 5
  expect(timesteps.slice(0, 2)).toEqual([
    [1000, 1000, 1000],
    [warped, warped, warped],
  ]);
  expect(draws).toEqual([3, 3]); // none after the last step
  expect(initial).toEqual([
    [0, 3],
    [3, 3],
  ]);
});

describe('where the policy looks', () => {
  test('final: after the last step; the block is made again from the same noise with fresh re-noising', async () => {
    const { events, draws, initial } = await logOf({ frames: 6 }, rejecting([1], 'final'));
    expect(events.slice(5)).toEqual([
      ...['step 1 0 try 0', 'step 1 1 try 0', 'review 1 try 0: 0,3'],
      ...['step 1 0 try 1', 'step 1 1 try 1', 'review 1 try 1', 'cache 1', 'block 1'],
    ]);
    expect(draws).toEqual([3, 3, 3]);
    expect(initial.slice(1)).toEqual([
      [3, 3],
      [3, 3],
    ]);
  });

  test('first-step: an intervention costs one step and no draw', async () => {
    const { events, draws } = await logOf({ frames: 6 }, rejecting([1], 'first-step'));
    expect(events.slice(5)).toEqual([
      ...['step 1 0 try 0', 'review 1 try 0: 0,3'],
      ...['step 1 0 try 1', 'review 1 try 1', 'step 1 1 try 1', 'cache 1', 'block 1'],
    ]);
    expect(draws).toEqual([3, 3]);
  });

  test('first-step shows the first prediction of x0, final the last', async () => {
    for (const check of ['first-step', 'final'] as const) {
      const shown: ArrayLike<number>[] = [];
      const steps: ArrayLike<number>[] = [];
      const policy: Policy = {
        ...acceptAll,
        check,
        async review(_, candidate) {
          shown.push(await device.read(candidate));
          return [];
        },
      };
      const noise = seededNoise(1, 3, TINY_FRAME_SIZE);
      const rollout = selfForcing(tiny.model, tiny.context, noise, { ...TINY_SELF_FORCING, frames: 3 }, policy);
      await runRollout(rollout, async (event) => {
        if (event.kind === 'step') steps.push(await device.read(event.x0));
      });
      expect(shown).toEqual([steps[check === 'final' ? 1 : 0]]);
    }
  });
});

describe('frames that are given', () => {
  const given = (frames: number) => device.upload(normal(9, frames * TINY_FRAME_SIZE), [frames, 4, 6, 10]);

  test('fill the cache, come out as they are and have no decision', async () => {
    const initialLatents = given(3);
    const noise = seededNoise(1, 6, TINY_FRAME_SIZE);
    const options = { ...TINY_SELF_FORCING, frames: 6, initialLatents };
    const { latents, decisions } = await runRollout(selfForcing(tiny.model, tiny.context, noise, options));
    expect(latents).toHaveLength(9 * TINY_FRAME_SIZE);
    expect(latents.slice(0, 3 * TINY_FRAME_SIZE)).toEqual([...normal(9, 3 * TINY_FRAME_SIZE)]);
    expect(decisions.map((decision) => decision?.block ?? null)).toEqual([null, 0, 1]);
    expect(await device.read(initialLatents)).toHaveLength(3 * TINY_FRAME_SIZE); // still the caller's
    initialLatents.dispose();
  });

  test('need no noise and are not reviewed', async () => {
    const reviewed: number[] = [];
    const policy: Policy = {
      ...acceptAll,
      async review(block) {
        reviewed.push(block);
        return [];
      },
    };
    const initialLatents = given(3);
    const { events, initial } = await logOf({ frames: 6, initialLatents }, policy);
    expect(events.slice(0, 2)).toEqual(['cache -1', 'block -1']);
    expect(initial).toEqual([
      [0, 3],
      [3, 3],
    ]);
    expect(reviewed).toEqual([0, 1]);
    initialLatents.dispose();
  });

  test('a first frame of its own is one of them, or the first to be made', async () => {
    const initialLatents = given(1);
    const image = await logOf({ frames: 6, initialLatents, independentFirstFrame: true });
    expect(image.frames).toEqual([0, 3, 6]);
    const text = await logOf({ frames: 7, independentFirstFrame: true });
    expect(text.frames).toEqual([0, 3, 6]);
    expect(text.draws).toEqual([1, 3, 3]);
    initialLatents.dispose();
  });
});

test('a window that no block fits into is refused', async () => {
  await expect(logOf({ window: 2 })).rejects.toThrow('the KV cache holds 2 latent frames, a block of 3');
  await expect(logOf({ window: 5, sink: 3 })).rejects.toThrow('a block of 3 beside a sink of 3 needs 6');
});
