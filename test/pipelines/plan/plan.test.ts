import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ModelFolder, openModelFolder } from '../../../src/node/model/modelFolder.js';
import { toyWorld } from '../../../src/node/model/toyWorld.js';
import { methodOf } from '../../../src/pipelines/plan/methods.js';
import type { RolloutPlan, VideoPlan } from '../../../src/pipelines/plan/plan.js';
import { droppedFrames, fullyDenoisedFrames, planRollout, startsNoisy } from '../../../src/pipelines/plan/planVideo.js';
import type { PlanRequest } from '../../../src/pipelines/plan/request.js';

let folder: ModelFolder;
beforeAll(async () => {
  folder = await openModelFolder(toyWorld);
});
afterAll(() => folder.close());

const plan = (request: PlanRequest) => planRollout(folder.config, request);
const plannedDraws = (of: VideoPlan) => methodOf(of).draws(of);

test('what is not asked for comes from the model', () => {
  expect(plan({})).toEqual({
    preset: 'self-forcing',
    pixel: { width: 64, height: 64 },
    latent: { width: 8, height: 8 },
    frames: 21,
    framesPerBlock: 3,
    steps: [1000, 750, 500, 250],
    warp: true,
    shift: 1,
    window: 12,
    sink: 0,
    contextNoise: 0,
    shown: { hidden: 0, count: 81 },
    fps: 16,
  });
  const rolling = plan({ preset: 'rolling-forcing', steps: [1000, 500], width: 32 });
  expect(rolling).toMatchObject({ steps: [1000, 500], window: 21, sink: 3, latent: { width: 4, height: 8 } });
});

test('any number of frames is covered by whole blocks, with less than a block too many', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 7 }), (frames, framesPerBlock) => {
      const made = plan({ frames, framesPerBlock });
      expect(made.frames % framesPerBlock).toBe(0);
      expect(made.shown).toEqual({ hidden: 0, count: frames });
      expect(1 + 4 * (made.frames - 1)).toBe(frames + droppedFrames(folder.config, made));
      expect(1 + 4 * (made.frames - framesPerBlock - 1)).toBeLessThan(frames);
    }),
  );
});

test('the bidirectional model takes any number of latent frames, a number of steps and no pictures', () => {
  expect(plan({ preset: 'wan', frames: 13 })).toEqual({
    preset: 'wan',
    pixel: { width: 64, height: 64 },
    latent: { width: 8, height: 8 },
    frames: 4,
    steps: 50,
    solver: 'unipc',
    shift: 8,
    guidance: 6,
    shown: { hidden: 0, count: 13 },
    fps: 16,
  });
  const chosen = { preset: 'wan', steps: [7], solver: 'dpm++', guidance: 1, shift: 3 } as const;
  expect(plan(chosen)).toMatchObject({ steps: 7, solver: 'dpm++', guidance: 1, shift: 3 });
  expect(() => plan({ preset: 'wan', steps: [1000, 500] })).toThrow('takes a number of `steps`');
  expect(() => plan({ preset: 'wan', given: { kind: 'image', available: 1 } })).toThrow('from text alone');
  expect(() => plan({ guidance: 5 })).toThrow('`guidance` is an option of `preset` wan');
});

test('given pictures are part of the video', () => {
  const image = plan({ given: { kind: 'image', available: 1 } }) as RolloutPlan;
  expect(image).toMatchObject({ frames: 21, given: { latents: 1, independentFirstFrame: true } });
  expect(image.shown).toEqual({ hidden: 0, count: 81 });
  // Rolling Forcing is shown a still video of one block, of which one picture is part of the video.
  const rolling = plan({ preset: 'rolling-forcing', given: { kind: 'image', available: 1 }, frames: 5 }) as RolloutPlan;
  expect(rolling).toMatchObject({ frames: 3, given: { latents: 3 }, shown: { hidden: 8, count: 5 } });
  const video = plan({ given: { kind: 'video', available: 40 } }) as RolloutPlan;
  expect(video).toMatchObject({ given: { latents: 9, skip: 7, pictures: 33 }, frames: 21 });
  expect(video.shown).toEqual({ hidden: 0, count: 113 });
  const short = () => plan({ given: { kind: 'video', available: 40 }, frames: 33 });
  expect(short).toThrow('use `frames` 34 or more');
});

test('sizes, steps and windows that no rollout could use are refused', () => {
  const refusals: [PlanRequest, string][] = [
    [{ width: 40 }, 'the width must be a multiple of 16 pixels'],
    [{ height: 0 }, 'use `height` 16'],
    [{ width: Number.NaN }, 'found NaN'],
    [{ frames: 1_000_005 }, 'at most, found 1000005'],
    [{ frames: 0 }, '1 or more, found 0'],
    [{ frames: 2.5 }, 'whole number of frames'],
    [{ steps: [500, 500] }, 'denoising steps must fall'],
    [{ steps: [] }, 'denoising steps must fall'],
    [{ window: 2 }, '`window` 3 or more'],
    [{ sink: 10 }, '`window` 13 or more, or a smaller `sink`'],
    [{ preset: 'rolling-forcing', sink: 1 }, '`sink` must be 3 (or 0 for none)'],
    [{ preset: 'rolling-forcing', window: 15 }, 'at least 18, found 15'],
    [{ preset: 'rolling-forcing', window: 19 }, 'a multiple of 3'],
  ];
  for (const [request, message] of refusals) expect(() => plan(request)).toThrow(message);
  expect((plan({ sink: 9 }) as RolloutPlan).sink).toBe(9);
  expect((plan({ preset: 'rolling-forcing', sink: 0, window: 15 }) as RolloutPlan).window).toBe(15);
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
    const rolling = plan({ preset: 'rolling-forcing', frames: 9 }) as RolloutPlan;
    const enough = rolling.steps.length * rolling.framesPerBlock;
    const least = fullyDenoisedFrames(folder.config, rolling);
    expect(plan({ preset: 'rolling-forcing', frames: least }).frames).toBe(enough);
    expect(plan({ preset: 'rolling-forcing', frames: least - 1 }).frames).toBeLessThan(enough);
    // Behind given frames the window takes all steps however few blocks there are.
    const image = plan({ preset: 'rolling-forcing', given: { kind: 'image', available: 1 }, frames: 5 });
    expect(startsNoisy(image as RolloutPlan)).toBe(false);
    expect(plannedDraws(image)).toBe(rolling.steps.length - 1);
  });
});
