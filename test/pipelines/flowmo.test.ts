import { afterAll, describe, expect, test } from 'vitest';
import { weightedSum } from '../../src/kernels/elementwise/weightedSum.js';
import { guidedFlow, movedBlocks } from '../../src/pipelines/flowmo.js';
import { seededNoise } from '../../src/pipelines/noise/noise.js';
import { flowmoOptions } from '../../src/pipelines/plan/flowmoOptions.js';
import { rollingForcing } from '../../src/pipelines/rollingForcing.js';
import type { CachedStepEvent } from '../../src/pipelines/rollout.js';
import { selfForcing } from '../../src/pipelines/selfForcing.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { device, referenceDevice } from '../support/device.js';
import {
  runRollout,
  TINY_CONFIG,
  TINY_FRAME_SIZE,
  TINY_LATENT,
  TINY_ROLLING_FORCING,
  TINY_SELF_FORCING,
  tinyModel,
} from '../support/tinyModel.js';
import { normal } from '../support/twins.js';

const FIRST = { blocks: 'first-block', steps: 1, rate: 0.005, mode: 'paper' } as const;
const EVERY = { ...FIRST, blocks: 'every-block' } as const;

describe('which frames of a call', () => {
  const call = [
    { block: 0, step: 2, frames: 3 },
    { block: 1, step: 1, frames: 3 },
    { block: 2, step: 0, frames: 3 },
  ];
  test.each([
    ['none, where it is off', undefined, []],
    ['none of a first block past its steps', FIRST, []],
    ['the first block in any of its first steps', { ...FIRST, steps: 3 }, [{ from: 0, count: 3 }]],
    ['each block in its first step', EVERY, [{ from: 6, count: 3 }]],
    ['each in its first two', { ...EVERY, steps: 2 }, [3, 6].map((from) => ({ from, count: 3 }))],
  ])('%s', (_, options, moved) => {
    expect(movedBlocks(options, call)).toEqual(moved);
  });
  test('no block of one frame, which has no motion', () => {
    expect(movedBlocks(FIRST, [{ block: 0, step: 0, frames: 1 }])).toEqual([]);
  });
});

describe('its options', () => {
  test('off where nothing is chosen, one step of a few, 12 of 50 of the bidirectional model', () => {
    expect(flowmoOptions(undefined)).toBeUndefined();
    expect(flowmoOptions(false)).toBeUndefined();
    expect(flowmoOptions({})).toEqual(FIRST);
    expect([50, 25, 1].map((steps) => flowmoOptions({}, steps)?.steps)).toEqual([12, 6, 1]);
    expect(flowmoOptions({ steps: 3, mode: 'code' }, 50)).toEqual({ ...FIRST, steps: 3, mode: 'code' });
  });
});

describe('one call', () => {
  // [6 frames, 1 channel, 1, 2], and a model that doubles what it is given: the second pixel of the last three frames is uneven.
  const noisy = Float64Array.of(0, 0, 1, 0, 2, 9, 0, 1, 1, 2, 2, 5);
  const twice = (x: Tensor) => weightedSum([[2, x]]);
  const called = async (mode: 'paper' | 'code') => {
    const latents = referenceDevice.upload(noisy, [6, 1, 1, 2]);
    const made = guidedFlow(latents, twice, { ...EVERY, mode, rate: 0.1 }, [{ from: 3, count: 3 }]);
    const read = async (tensor: Tensor | undefined) => tensor && Array.from(await referenceDevice.read(tensor));
    const [block] = made.motion?.blocks ?? [];
    return {
      input: await read(made.input),
      flow: await read(made.flow),
      before: await read(block?.before),
      after: await read(block?.after),
    };
  };
  // Of the moved frames the flow is 2, 4, 10 at the second pixel: it moves by 2, then 6, and (2 - 6)^2 / 4 = 4.
  const moved = [...noisy];
  moved[7] -= 0.1; // slower first, faster then: the frame before moves down ...
  moved[9] += 0.2 / 2; // ... the middle one up ...
  moved[11] -= 0.1; // ... and the last one down
  test('as in the paper: a step of its rate where motion is most uneven, and a new prediction', async () => {
    const { input, flow, before, after } = await called('paper');
    expect(input?.map((value) => Number(value.toFixed(6)))).toEqual(moved.map((value) => Number(value.toFixed(6))));
    expect(flow).toEqual(input?.map((value) => 2 * value));
    expect(before).toEqual([0, 4]);
    expect(after?.[1]).toBeCloseTo((2 + 0.4 - (6 - 0.4)) ** 2 / 4, 6);
  });
  test('as in the published code: the same step, and the old prediction', async () => {
    const { input, flow, after } = await called('code');
    expect(input?.map((value) => Number(value.toFixed(6)))).toEqual(moved.map((value) => Number(value.toFixed(6))));
    expect(flow).toEqual(Array.from(noisy, (value) => 2 * value));
    expect(after).toBeUndefined();
  });
  test('nothing to do: what was given, and its flow', async () => {
    const latents = referenceDevice.upload(noisy, [6, 1, 1, 2]);
    const made = guidedFlow(latents, twice, EVERY, []);
    expect(made.input).toBe(latents);
    expect(made.motion).toBeUndefined();
  });
});

describe('in rollouts', async () => {
  const tiny = await tinyModel(device, 77);
  afterAll(() => tiny.dispose());

  /** What its calls moved: the block, the step, by how much at the most, and its measure before and after. */
  async function movesOf(rollout: typeof selfForcing | typeof rollingForcing, options: object) {
    const preset = rollout === selfForcing ? TINY_SELF_FORCING : TINY_ROLLING_FORCING;
    const all = { ...preset, frames: 12, sink: 0, ...options };
    const noise = seededNoise(5, all.frames, TINY_FRAME_SIZE);
    const moves: { block: number; step: number; most: number; before: number; after: number }[] = [];
    const steps: CachedStepEvent[] = [];
    const reading: Promise<void>[] = [];
    await runRollout(rollout(tiny.model, tiny.context, noise, all), (event) => {
      if (event.kind !== 'step') return;
      steps.push(event);
      const { motion, input, block, step } = event;
      if (!motion) return;
      const [made, given, before, after] = [input, motion.given, motion.blocks[0].before, motion.blocks[0].after].map(
        (tensor) => device.read(tensor as Tensor),
      );
      const largest = (values: ArrayLike<number>) => Math.max(...Array.from(values));
      const read = async () => {
        const [to, from] = [await made, await given];
        const most = largest(to.map((value, index) => Math.abs(value - from[index])));
        moves.push({ block, step, most, before: largest(await before), after: largest(await after) });
      };
      reading.push(read());
    });
    await Promise.all(reading);
    return { moves, calls: steps.length };
  }

  test('Self Forcing: the first call of block 0, by its rate, and then it moves more evenly', async () => {
    const { moves, calls } = await movesOf(selfForcing, { flowmo: FIRST });
    expect(moves.map(({ block, step }) => [block, step])).toEqual([[0, 0]]);
    expect(calls).toBeGreaterThan(4);
    expect(moves[0].most).toBeCloseTo(FIRST.rate, 5);
    expect(moves[0].after).toBeLessThan(moves[0].before);
  });
  test('Self Forcing: of every block', async () => {
    const { moves } = await movesOf(selfForcing, { flowmo: EVERY });
    expect(moves.map(({ block, step }) => [block, step])).toEqual([0, 1, 2, 3].map((block) => [block, 0]));
  });
  test('Rolling Forcing: the window that holds block 0 alone, and of every block the one that it comes with', async () => {
    const first = await movesOf(rollingForcing, { flowmo: FIRST });
    expect(first.moves.map(({ block, step }) => [block, step])).toEqual([[0, 0]]);
    const every = await movesOf(rollingForcing, { flowmo: EVERY });
    expect(every.moves.length).toBe(4);
  });
  test('a block that is given is no first block: the first that is generated is', async () => {
    const given = device.upload(normal(3, 3 * TINY_FRAME_SIZE), [
      3,
      TINY_CONFIG.in_dim,
      TINY_LATENT.height,
      TINY_LATENT.width,
    ]);
    const { moves } = await movesOf(selfForcing, { flowmo: FIRST, frames: 6, initialLatents: given });
    given.dispose();
    expect(moves.map(({ block }) => block)).toEqual([0]);
  });
});
