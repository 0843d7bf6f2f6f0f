import { createHash } from 'node:crypto';
import { afterAll, describe, expect, test } from 'vitest';
import { prepareContext } from '../../src/models/wan/crossAttention.js';
import { predictVideoFlow } from '../../src/models/wan/transformer.js';
import type { NoiseSource } from '../../src/pipelines/noise/noise.js';
import { wanNoise } from '../../src/pipelines/noise/noise.js';
import { WAN_NEGATIVE_PROMPT } from '../../src/pipelines/plan/planRun.js';
import { wanOptions } from '../../src/pipelines/plan/wanOptions.js';
import type { SolverName } from '../../src/pipelines/solvers/createSolver.js';
import { type GuidanceContexts, wanSampling } from '../../src/pipelines/wanSampling.js';
import { disposeAll } from '../../src/tensor/scope.js';
import { plainFlow } from '../properties/plainDit.js';
import { expectAllClose } from '../support/allclose.js';
import { device } from '../support/device.js';
import { TINY_CONFIG, TINY_FRAME_SIZE, TINY_LATENT, tinyModel } from '../support/tinyModel.js';
import { RANDN_TOLERANCE, ROLLOUT_TOLERANCE } from '../support/tolerance.js';
import { normal } from '../support/twins.js';

const tiny = await tinyModel(device, 71);
const otherPrompt = device.upload(normal(5, 5 * 8), [5, 8]);
const contexts = { positive: tiny.context, negative: prepareContext(tiny.model, otherPrompt) };
afterAll(() => {
  tiny.dispose();
  disposeAll([contexts.negative, otherPrompt]);
});

const FRAMES = 4; // no multiple of the rollouts' blocks
const SHAPE = [FRAMES, 4, TINY_LATENT.height, TINY_LATENT.width] as const;
type Chosen = Parameters<typeof wanOptions>[2];
const options = (chosen: Chosen) => wanOptions(TINY_LATENT, FRAMES, { steps: 4, ...chosen });
const start = (given: GuidanceContexts, chosen: Chosen = {}, noise: NoiseSource = wanNoise(3, SHAPE)) =>
  wanSampling(tiny.model, given, noise, options(chosen));

async function latentsOf(given: GuidanceContexts, chosen: Chosen = {}, noise?: NoiseSource): Promise<number[]> {
  for await (const event of start(given, chosen, noise)) {
    if (event.kind === 'block') return Array.from(await device.read(event.latents));
  }
  throw new Error('there was no block');
}

describe('the flow of a video', () => {
  test('is that of a plain DiT in which every frame sees every frame', async () => {
    const values = normal(8, FRAMES * TINY_FRAME_SIZE);
    const latents = device.upload(values, SHAPE);
    const flow = predictVideoFlow(tiny.model, latents, 412, tiny.context);
    const frames = Array.from({ length: FRAMES }, (_, position) => ({
      latent: values.subarray(position * TINY_FRAME_SIZE, (position + 1) * TINY_FRAME_SIZE),
      timestep: 412,
      position,
    }));
    const expected = plainFlow(TINY_CONFIG, tiny.weights, tiny.prompt, frames, TINY_LATENT, (_, frame) => frame);
    expectAllClose(await device.read(flow), expected.flat(), ROLLOUT_TOLERANCE);
    disposeAll([latents, flow]);
  });
});

describe('events', () => {
  test.each([
    ['unipc', [999, 959, 888, 727]],
    ['dpm++', [1000, 960, 888, 727]],
  ] as [SolverName, number[]][])('%s: a step each, then the whole video as one block', async (solver, timesteps) => {
    const seen: number[] = [];
    for await (const event of start(contexts, { solver })) {
      if (event.kind === 'step') {
        expect(seen).toHaveLength(event.step);
        seen.push(event.timesteps[0]);
        expect(new Set(event.timesteps).size).toBe(1);
        for (const tensor of [event.input, event.flow, event.x0]) expect(tensor.shape).toEqual(SHAPE);
        continue;
      }
      expect(seen).toEqual(timesteps);
      expect(event.latents.shape).toEqual(SHAPE);
      expect(event).toMatchObject({ block: 0, firstFrame: 0, decision: { triggered: false, attempts: 1 } });
    }
  });

  test('the first input is the noise, and the last x0 is the video', async () => {
    let last: number[] = [];
    for await (const event of start(contexts)) {
      if (event.kind === 'step') {
        if (event.step === 0) {
          expect(Array.from(await device.read(event.input))).toEqual([
            ...(await wanNoise(3, SHAPE).initial(0, FRAMES)),
          ]);
        }
        last = Array.from(await device.read(event.x0));
      } else expect(Array.from(await device.read(event.latents))).toEqual(last);
    }
  });
});

describe('guidance', () => {
  test('is negative + scale * (positive - negative)', async () => {
    for await (const event of start(contexts, { guidance: 3 })) {
      if (event.kind !== 'step' || !event.guided) continue;
      const [positive, negative] = [await device.read(event.guided.positive), await device.read(event.guided.negative)];
      const expected = Array.from(positive, (value, index) => negative[index] + 3 * (value - negative[index]));
      expectAllClose(await device.read(event.flow), expected, ROLLOUT_TOLERANCE);
      expect(positive).not.toEqual(negative);
      return;
    }
    throw new Error('there was no guidance');
  });

  test('with a scale of 1 is the prompt alone, one call a step, whatever the negative prompt', async () => {
    const alone = await latentsOf({ positive: tiny.context }, { guidance: 1 });
    expect(await latentsOf(contexts, { guidance: 1 })).toEqual(alone);
    for await (const event of start(contexts, { guidance: 1 })) {
      if (event.kind === 'step') expect(event.guided).toBeUndefined();
    }
    expect(await latentsOf(contexts)).not.toEqual(alone);
  });

  test('with a scale of 0 is the negative prompt alone', async () => {
    const { positive, negative } = contexts;
    const alone = await latentsOf({ positive: negative }, { guidance: 1 });
    expectAllClose(await latentsOf({ positive, negative }, { guidance: 0 }), alone, ROLLOUT_TOLERANCE);
  });

  test('needs a negative prompt', async () => {
    await expect(latentsOf({ positive: tiny.context })).rejects.toThrow(
      'a guidance scale of 6 needs a negative prompt',
    );
  });
});

describe('memory', () => {
  test.each(['unipc', 'dpm++'] as const)('%s: does not grow with the steps', async (solver) => {
    const live: number[] = [];
    const before = device.memory.liveStorages;
    for await (const event of start(contexts, { solver, steps: 8 })) {
      if (event.kind === 'step') live.push(device.memory.liveStorages);
      else expect(device.memory.liveStorages).toBe(before + 1); // the latents alone
    }
    expect(new Set(live.slice(2, 7)).size).toBe(1);
    expect(device.memory.liveStorages).toBe(before);
  });

  test('is given back where the sampling is left early or fails', async () => {
    const before = device.memory.liveStorages;
    for await (const event of start(contexts)) if (event.kind === 'step' && event.step === 2) break;
    expect(device.memory.liveStorages).toBe(before);
    const broken = { ...wanNoise(1, SHAPE), initial: () => Promise.reject(new Error('no noise')) };
    await expect(latentsOf(contexts, {}, broken)).rejects.toThrow('no noise');
    expect(device.memory.liveStorages).toBe(before);
  });
});

describe('noise', () => {
  test('is drawn with the channels outside the frames', async () => {
    // torch.randn(16, 3, 8, 12, generator=torch.Generator().manual_seed(211)), as recorded in the case wan-t2v-sampling
    const noise = await wanNoise(211, [3, 16, 8, 12]).initial(0, 3);
    const area = 8 * 12;
    expectAllClose(noise.slice(0, 3), [0.1966498047, -1.1918364763, -0.8978708982], RANDN_TOLERANCE); // frame 0, channel 0
    expectAllClose([noise[area]], [0.0665166527], RANDN_TOLERANCE);
    expectAllClose([noise[16 * area]], [-0.4028203189], RANDN_TOLERANCE);
  });

  test('of some of the frames is that of all of them', async () => {
    const all = await wanNoise('18446744073709551615', SHAPE).initial(0, FRAMES);
    const last = await wanNoise('18446744073709551615', SHAPE).initial(2, 2);
    expect(last).toEqual(all.slice(2 * TINY_FRAME_SIZE));
  });
});

describe('options', () => {
  test("are the README's for the 1.3B model", () => {
    expect(wanOptions(TINY_LATENT, 21)).toEqual({
      ...{ latent: TINY_LATENT, frames: 21 },
      ...{ steps: 50, solver: 'unipc', shift: 8, guidance: 6 },
    });
  });

  test('out of range are refused', () => {
    expect(() => options({ guidance: Number.NaN })).toThrow('the guidance scale must be a number of 0 or more');
    expect(() => options({ guidance: -1 })).toThrow('found -1');
    expect(() => options({ solver: 'euler' as SolverName })).toThrow('one of unipc, dpm++, found euler');
    expect(() => options({ steps: 0 })).toThrow('the number of steps');
  });

  test('the negative prompt is the official one, to the letter', () => {
    expect(WAN_NEGATIVE_PROMPT).toHaveLength(137);
    expect(createHash('sha256').update(WAN_NEGATIVE_PROMPT).digest('hex')).toBe(
      'ce96e0324e4b54ce4b6e867f669ca520952e1a34cc116543516b1897f0d3c47e',
    );
  });
});
