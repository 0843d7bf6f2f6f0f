import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fullyDenoisedFrames, type PlanRequest, plannedDraws, planRollout } from '../../src/pipelines/plan.js';
import { type ModelFolder, openModelFolder } from '../../src/weights/modelFolder.js';
import { toyWorld } from '../../src/weights/toyWorld.js';

let folder: ModelFolder;
beforeAll(async () => {
  folder = await openModelFolder(toyWorld);
});
afterAll(() => folder.close());

const plan = (request: PlanRequest) => planRollout(folder.config, request);

test('what is not asked for comes from the model', () => {
  expect(plan({})).toEqual({
    preset: 'self-forcing',
    pixel: { frames: 81, width: 64, height: 64 },
    latent: { width: 8, height: 8 },
    frames: 21,
    framesPerBlock: 3,
    steps: [1000, 750, 500, 250],
    warp: true,
    shift: 5,
    window: 12,
    sink: 0,
    contextNoise: 0,
  });
  const rolling = plan({ preset: 'rolling-forcing', steps: [1000, 500], width: 32 });
  expect(rolling).toMatchObject({ steps: [1000, 500], window: 21, sink: 3, latent: { width: 4, height: 8 } });
});

test('frames fit the grid, or the message names two numbers that do', () => {
  fc.assert(
    fc.property(fc.integer({ min: -10, max: 5000 }), fc.integer({ min: 1, max: 7 }), (frames, framesPerBlock) => {
      const latentFrames = (frames - 1) / 4 + 1;
      const fits = frames > 0 && Number.isInteger(latentFrames) && latentFrames % framesPerBlock === 0;
      let message = '';
      try {
        expect(plan({ frames, framesPerBlock }).frames).toBe(latentFrames);
      } catch (error) {
        message = (error as Error).message;
      }
      expect(message === '').toBe(fits);
      if (fits) return;
      const [, less, more] = /use --frames (\d+) or (\d+)$/.exec(message) ?? [];
      for (const named of [less, more])
        expect(plan({ frames: Number(named), framesPerBlock }).frames).toBeGreaterThan(0);
      if (frames > Number(less)) expect(frames).toBeLessThan(Number(more));
    }),
  );
});

test('sizes, steps and windows that no rollout could use are refused', () => {
  const refusals: [PlanRequest, string][] = [
    [{ width: 40 }, 'the width must be a multiple of 16 pixels'],
    [{ height: 0 }, 'use --height 16'],
    [{ width: Number.NaN }, 'found NaN'],
    [{ frames: 1_000_005 }, 'at most, found 1000005'],
    [{ steps: [500, 500] }, 'denoising steps must fall'],
    [{ steps: [] }, 'denoising steps must fall'],
    [{ window: 2 }, '--window 3 or more'],
    [{ sink: 10 }, '--window 13 or more, or a smaller --sink'],
    [{ preset: 'rolling-forcing', sink: 1 }, '--sink must be 3 (or 0 for none)'],
    [{ preset: 'rolling-forcing', window: 15 }, 'at least 18, found 15'],
    [{ preset: 'rolling-forcing', window: 19 }, 'a multiple of 3'],
  ];
  for (const [request, message] of refusals) expect(() => plan(request)).toThrow(message);
  expect(plan({ sink: 9 }).sink).toBe(9);
  expect(plan({ preset: 'rolling-forcing', sink: 0, window: 15 }).window).toBe(15);
});

test('without a window of its own, self-forcing sees the whole video, and any sink will do', () => {
  const presets = { ...folder.config.sampling.presets };
  presets['self-forcing'] = { ...presets['self-forcing'], local_attn_size: -1, sink_size: 3 };
  const config = { ...folder.config, sampling: { ...folder.config.sampling, presets } };
  expect(planRollout(config, { frames: 9 })).toMatchObject({ window: 3, sink: 3 });
});

describe('draws', () => {
  /** Rolling Forcing as it goes: a draw for each block of each window that has not taken its last step. */
  function countedDraws(blocks: number, steps: number): number {
    let draws = 0;
    for (let window = 0; window < blocks + steps - 1; window++) {
      const start = Math.max(0, window - steps + 1);
      const end = Math.min(blocks - 1, window);
      for (let block = start; block <= end; block++) {
        const step = start === 0 ? end - block : steps - 1 - (block - start);
        if (step < steps - 1) draws++;
      }
    }
    return draws;
  }

  test('are counted as the rollouts make them', () => {
    const sizes = fc.record({ blocks: fc.integer({ min: 1, max: 12 }), stepCount: fc.integer({ min: 1, max: 6 }) });
    fc.assert(
      fc.property(sizes, ({ blocks, stepCount }) => {
        const frames = (blocks * 3 - 1) * 4 + 1;
        const steps = Array.from({ length: stepCount }, (_, step) => 1000 - 100 * step);
        expect(plannedDraws(plan({ frames, steps }))).toBe(blocks * (stepCount - 1));
        const rolling = plan({ frames, steps, preset: 'rolling-forcing' });
        expect(plannedDraws(rolling)).toBe(countedDraws(blocks, stepCount));
      }),
    );
  });

  test('rolling-forcing needs as many blocks as steps', () => {
    const rolling = plan({ preset: 'rolling-forcing', frames: 9 });
    expect(fullyDenoisedFrames(folder.config, rolling)).toBe(57);
    expect(plan({ preset: 'rolling-forcing', frames: 57 }).frames).toBe(rolling.steps.length * rolling.framesPerBlock);
  });
});
