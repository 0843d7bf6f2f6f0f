import { afterAll, describe, expect, test } from 'vitest';
import type { NoiseSource } from '../../src/pipelines/noise/noise.js';
import { seededNoise } from '../../src/pipelines/noise/noise.js';
import { rollingForcing } from '../../src/pipelines/rollingForcing.js';
import type { RolloutEvent, RolloutOptions } from '../../src/pipelines/rollout.js';
import { selfForcing } from '../../src/pipelines/selfForcing.js';
import { type Answer, acceptAll, type Policy } from '../../src/tokentrim/policy.js';
import { trimPolicy } from '../../src/tokentrim/trimPolicy.js';
import { maxDifference } from '../support/allclose.js';
import { device } from '../support/device.js';
import { runRollout, TINY_FRAME_SIZE, tinyModel } from '../support/tinyModel.js';
import { PRESETS, type Run } from './presets.js';

// A block that is generated again with nothing pruned: what is drawn anew, and what is not.

const tiny = await tinyModel(device, 31);
afterAll(() => tiny.dispose());

const AGAIN = 3; // the block

/** Has block 3 generated again, `attempts` times. */
function againPolicy(answer: Answer, check: Policy['check'] = 'final', attempts = 1): Policy {
  let left = attempts;
  return { ...acceptAll, check, review: async (block) => (block === AGAIN && left-- > 0 ? answer : []) };
}

interface Call {
  readonly block: number;
  readonly attempt: number;
  readonly input: Float32Array;
  readonly x0: Float32Array;
  readonly timesteps: readonly number[];
}

/** A rollout with all calls that it made, and the frames that each re-noising draw gave. */
async function watched(run: Run, base: RolloutOptions, policy: Policy, seed = 4) {
  const frames = 18;
  const source = seededNoise(seed, frames, TINY_FRAME_SIZE);
  let draws = 0;
  const noise: NoiseSource = {
    ...source,
    renoise(...draw) {
      draws++;
      return source.renoise(...draw);
    },
  };
  const calls: Call[] = [];
  const reviews: Extract<RolloutEvent, { kind: 'review' }>[] = [];
  const made = await runRollout(run(tiny.model, tiny.context, noise, { ...base, frames }, policy), async (event) => {
    if (event.kind === 'review') reviews.push(event);
    if (event.kind !== 'step') return;
    const [input, x0] = [
      Float32Array.from(await device.read(event.input)),
      Float32Array.from(await device.read(event.x0)),
    ];
    calls.push({ block: event.block, attempt: event.attempt, input, x0, timesteps: event.timesteps });
  });
  return { ...made, calls, reviews, draws };
}

const blockOf = (latents: readonly number[], block: number) =>
  latents.slice(block * 3 * TINY_FRAME_SIZE, (block + 1) * 3 * TINY_FRAME_SIZE);

describe.each(PRESETS)('$preset', ({ run, options }) => {
  test('another attempt with nothing pruned is another block, over the same cache', async () => {
    const baseline = await watched(run, options, acceptAll);
    const again = await watched(run, options, againPolicy('again'));
    const before = AGAIN * 3 * TINY_FRAME_SIZE;
    expect(again.latents.slice(0, before)).toEqual(baseline.latents.slice(0, before));
    const { difference } = maxDifference(blockOf(again.latents, AGAIN), blockOf(baseline.latents, AGAIN));
    expect(difference).toBeGreaterThan(1e-3);
    expect(again.draws).toBeGreaterThan(baseline.draws);
    expect(again.reviews.filter((review) => review.again).map(({ block, unstable }) => [block, unstable])).toEqual([
      [AGAIN, []],
    ]);
  });

  test('the first attempt is what the baseline makes, to the bit, and a run is reproducible', async () => {
    const baseline = await watched(run, options, acceptAll);
    const again = await watched(run, options, againPolicy('again'));
    const count = again.calls.findIndex(({ attempt }) => attempt === 1);
    expect(count).toBeGreaterThan(3);
    expect(again.calls.slice(0, count)).toEqual(baseline.calls.slice(0, count));
    expect((await watched(run, options, againPolicy('again'))).latents).toEqual(again.latents);
    expect((await watched(run, options, againPolicy('again', 'final', 2))).latents).not.toEqual(again.latents);
  });

  test('timesteps stay, and so does the initial noise', async () => {
    const { calls } = await watched(run, options, againPolicy('again'));
    const at = calls.findIndex(({ attempt }) => attempt === 1);
    const second = calls.slice(at).filter(({ attempt }) => attempt === 1);
    const first = calls.slice(at - second.length, at);
    expect(second.map(({ timesteps }) => timesteps)).toEqual(first.map(({ timesteps }) => timesteps));
    const { length } = first[0].input;
    // Self Forcing begins with initial noise; Rolling Forcing's window ends with the block that begins in it.
    const isRolling = run === rollingForcing;
    const fresh = 3 * TINY_FRAME_SIZE;
    const kept = isRolling ? [length - fresh, length] : [0, length];
    expect(second[0].input.slice(...kept)).toEqual(first[0].input.slice(...kept));
    if (!isRolling) return;
    for (let from = 0; from < length - fresh; from += fresh) {
      const [was, is] = [first[0].input.slice(from, from + fresh), second[0].input.slice(from, from + fresh)];
      expect(maxDifference(is, was).difference).toBeGreaterThan(1e-2);
    }
  });

  test('where nothing is drawn before the review, the initial noise is drawn anew', async () => {
    const single = { ...options, steps: [1000] };
    const baseline = await watched(run, single, acceptAll);
    const again = await watched(run, single, againPolicy('again'));
    const [first, second] = again.calls.filter(({ block }) => block === AGAIN);
    expect(maxDifference(second.input, first.input).difference).toBeGreaterThan(1);
    expect(baseline.draws).toBe(0);
    expect(again.draws).toBe(1);
    expect(blockOf(again.latents, AGAIN)).not.toEqual(blockOf(baseline.latents, AGAIN));
  });

  test('what it takes, it gives back', async () => {
    const { liveStorages } = device.memory;
    await watched(run, options, againPolicy('again', 'final', 3));
    expect(device.memory.liveStorages).toBe(liveStorages);
  });

  test('the controls intervene where TokenTrim first does, and leave all before as it was', async () => {
    const patch = { height: 2, width: 2 };
    const settings = { sensitivity: 0, warmup: 1, fraction: 0.5 };
    const baseline = await watched(run, options, acceptAll);
    const made: number[][] = [];
    for (const policy of ['tokentrim', 'placebo', 'regenerate'] as const) {
      const { latents, reviews } = await watched(run, options, trimPolicy(patch, { ...settings, policy }, 4));
      const first = reviews.find(({ again }) => again);
      expect(first).toBeDefined();
      const before = (first?.block ?? 0) * 3 * TINY_FRAME_SIZE;
      expect(latents.slice(0, before)).toEqual(baseline.latents.slice(0, before));
      expect(first?.unstable.length).toBe(policy === 'regenerate' ? 0 : first?.measured?.unstable.length);
      made.push(blockOf(latents, first?.block ?? 0));
    }
    expect(maxDifference(made[1], made[0]).difference).toBeGreaterThan(1e-4);
    expect(maxDifference(made[2], made[0]).difference).toBeGreaterThan(1e-4);
  });
});

test('Self Forcing, checked at its first step, draws the initial noise anew', async () => {
  const [{ options }] = PRESETS;
  const { calls } = await watched(selfForcing, options, againPolicy('again', 'first-step'));
  const [first, second] = calls.filter(({ block, timesteps }) => block === AGAIN && timesteps[0] === 1000);
  expect(second.attempt).toBe(1);
  expect(maxDifference(second.input, first.input).difference).toBeGreaterThan(1);
  expect(calls.filter(({ block, attempt }) => block === AGAIN && attempt === 0)).toHaveLength(1);
});
