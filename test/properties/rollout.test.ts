import { afterAll, describe, expect, test } from 'vitest';
import { seededNoise } from '../../src/pipelines/noise/noise.js';
import { rollingForcing } from '../../src/pipelines/rollingForcing.js';
import type { RolloutEvent, RolloutOptions } from '../../src/pipelines/rollout.js';
import { selfForcing } from '../../src/pipelines/selfForcing.js';
import { acceptAll, type Policy } from '../../src/tokentrim/policy.js';
import { tokenTrim } from '../../src/tokentrim/tokenTrim.js';
import { maxDifference } from '../support/allclose.js';
import { device } from '../support/device.js';
import { runRollout, TINY_FRAME_SIZE, TINY_TOKENS, tinyModel } from '../support/tinyModel.js';
import { PRESETS, type Run } from './presets.js';

// What must hold for every rollout, whatever the weights.

const tiny = await tinyModel(device, 31);
afterAll(() => tiny.dispose());

const patch = { height: 2, width: 2 };

/** A rollout of `frames` frames from a seed. */
function start(run: Run, base: RolloutOptions, policy: Policy = acceptAll, frames = 15, seed = 4) {
  const options = { ...base, frames };
  return run(tiny.model, tiny.context, seededNoise(seed, frames, TINY_FRAME_SIZE), options, policy);
}

/** Asks for a regeneration of every block from the second on, with the tokens given. */
const alwaysPruning = (tokens: readonly number[], attempts = 1): Policy => {
  const asked = new Map<number, number>();
  return {
    ...acceptAll,
    async review(block) {
      const count = asked.get(block) ?? 0;
      asked.set(block, count + 1);
      return block > 0 && count < attempts ? tokens : [];
    },
  };
};

/** TokenTrim that intervenes whenever a severity is above the mean. */
const eagerTrim = () => tokenTrim(patch, { sensitivity: 0, warmup: 1, fraction: 0.2 });

describe.each(PRESETS)('$preset', ({ run, options }) => {
  test('the same seed gives the same bytes, another seed another video', async () => {
    const { latents } = await runRollout(start(run, options, eagerTrim()));
    expect(latents).toHaveLength(15 * TINY_FRAME_SIZE);
    expect((await runRollout(start(run, options, eagerTrim()))).latents).toEqual(latents);
    const other = await runRollout(start(run, options, eagerTrim(), 15, 5));
    expect(maxDifference(other.latents, latents).difference).toBeGreaterThan(0.5);
  });

  test('acceptAll and a TokenTrim that never triggers give the same bits', async () => {
    const baseline = await runRollout(start(run, options));
    for (const check of ['final', 'first-step'] as const) {
      const calm = await runRollout(start(run, options, tokenTrim(patch, { sensitivity: 1e6, check })));
      expect(calm.decisions.every((decision) => decision?.triggered === false)).toBe(true);
      expect(calm.decisions.slice(2).every((decision) => decision !== null && decision.severity! > 0)).toBe(true);
      expect(calm.latents).toEqual(baseline.latents);
    }
  });

  test('a TokenTrim that triggers changes the video, from the first block that it regenerates on', async () => {
    const baseline = await runRollout(start(run, options));
    const trimmed = await runRollout(start(run, options, eagerTrim()));
    const first = trimmed.decisions.findIndex((decision) => decision?.triggered);
    expect(first).toBeGreaterThan(1);
    const same = first * 3 * TINY_FRAME_SIZE;
    expect(trimmed.latents.slice(0, same)).toEqual(baseline.latents.slice(0, same));
    expect(maxDifference(trimmed.latents.slice(same), baseline.latents.slice(same)).difference).toBeGreaterThan(1e-3);
    expect(trimmed.decisions[first]?.attempts).toBe(2);
    expect(trimmed.decisions[first]?.severityAfter).not.toBeNull();
  });

  test('sink and anchor are never pruned', async () => {
    const everything = Array.from({ length: TINY_TOKENS }, (_, token) => token);
    const tokens: number[][] = [];
    await runRollout(start(run, options, alwaysPruning(everything)), (event) => {
      if (event.kind === 'block') tokens.push(event.cache.frames.slice(0, 3).map((frame) => frame.tokens));
    });
    expect(tokens).toEqual(Array.from({ length: 5 }, () => [TINY_TOKENS, TINY_TOKENS, TINY_TOKENS]));
  });

  test('a regeneration shows the same input with the same timesteps', async () => {
    const inputs = new Map<string, unknown>();
    await runRollout(start(run, options, alwaysPruning([1, 4], 2)), async (event) => {
      if (event.kind !== 'step' || (event.step > 0 && run === selfForcing)) return;
      const seen = { timesteps: event.timesteps, input: await device.read(event.input) };
      const key = `${event.block} ${event.step}`;
      if (event.attempt === 0) inputs.set(key, seen);
      else expect(seen).toEqual(inputs.get(key));
    });
    expect(inputs.size).toBeGreaterThan(4);
  });

  test('60 frames with TokenTrim at work take the memory of the first few', async () => {
    const samples: { bytes: number; liveStorages: number }[] = [];
    let triggered = 0;
    await runRollout(start(run, options, eagerTrim(), 60), (event) => {
      if (event.kind === 'block' && event.decision?.triggered) triggered++;
      const isCall = event.kind === 'step' && event.attempt === 0 && (run === rollingForcing || event.step === 0);
      if (!isCall) return; // the first call of a block: before that, one that is made again holds both attempts
      const { bytes, liveStorages } = device.memory;
      samples.push({ bytes, liveStorages });
    });
    expect(triggered).toBeGreaterThan(2);
    expect(samples.length).toBeGreaterThanOrEqual(20);
    const steady = samples.slice(6, 18); // the last windows of Rolling Forcing hold fewer blocks
    expect(new Set(steady.map(({ liveStorages }) => liveStorages)).size).toBe(1);
    expect(Math.max(...samples.map(({ liveStorages }) => liveStorages))).toBe(steady[0].liveStorages);
    expect(samples.at(-1)!.bytes).toBeLessThanOrEqual(samples[6].bytes * 1.02);
  });

  test('the end gives everything back', async () => {
    const { liveStorages } = device.memory;
    await runRollout(start(run, options));
    expect(device.memory.liveStorages).toBe(liveStorages);
  });

  test.each(['step', 'cache', 'block'] as const)('so does leaving early, at a "%s" event', async (kind) => {
    const { liveStorages } = device.memory;
    for (const count of [1, 3]) {
      let seen = 0;
      for await (const event of start(run, options, alwaysPruning([2]))) {
        if (event.kind === kind && ++seen === count) break;
      }
      expect(device.memory.liveStorages).toBe(liveStorages);
    }
  });

  test('so does an error on the way', async () => {
    const { liveStorages } = device.memory;
    const broken: Policy = {
      ...acceptAll,
      async review(block) {
        if (block === 1) throw new Error('review failed');
        return [];
      },
    };
    await expect(runRollout(start(run, options, broken))).rejects.toThrow('review failed');
    const noise = seededNoise(1, 15, TINY_FRAME_SIZE);
    const failing = { ...noise, renoise: () => Promise.reject(new Error('no noise')) };
    const rollout = run(tiny.model, tiny.context, failing, { ...options, frames: 15 });
    await expect(runRollout(rollout)).rejects.toThrow('no noise');
    expect(device.memory.liveStorages).toBe(liveStorages);
  });

  test('a policy that answers with no tokens is not asked again', async () => {
    const asked: number[] = [];
    const policy: Policy = {
      ...acceptAll,
      async review(block, candidate) {
        expect(candidate.shape).toEqual([3, 4, 6, 10]);
        asked.push(block);
        return [];
      },
    };
    const events: RolloutEvent['kind'][] = [];
    await runRollout(start(run, options, policy), (event) => void events.push(event.kind));
    expect(asked).toEqual([0, 1, 2, 3, 4]);
    expect(events.filter((kind) => kind === 'block')).toHaveLength(5);
  });
});
