import { describe, expect, test } from 'vitest';
import {
  encodeGivenFrames,
  type GivenPlan,
  type GivenRequest,
  planGivenFrames,
} from '../../../src/pipelines/pictures/givenFrames.js';
import { latentFramesFor } from '../../../src/pipelines/plan/grid.js';
import type { Tensor } from '../../../src/tensor/tensor.js';
import { device } from '../../support/device.js';

const request: GivenRequest = { preset: 'self-forcing', kind: 'video', available: 200, temporal: 4, framesPerBlock: 3 };
const plan = (changed: Partial<GivenRequest>) => planGivenFrames({ ...request, ...changed });

describe('a picture', () => {
  test('Self Forcing: one latent frame, a block of its own', () => {
    expect(plan({ kind: 'image', available: 1 })).toEqual({
      latents: 1,
      independentFirstFrame: true,
      skip: 0,
      pictures: 1,
      repeats: 1,
      hidden: 0,
    });
  });

  test('Rolling Forcing: a still video of one block, shown once', () => {
    expect(plan({ preset: 'rolling-forcing', kind: 'image', available: 1 })).toEqual({
      latents: 3,
      independentFirstFrame: false,
      skip: 0,
      pictures: 1,
      repeats: 9,
      hidden: 8,
    });
  });

  test('both presets make as many new frames for a length', () => {
    for (const shown of [2, 13, 81, 481]) {
      const [one, still] = (['self-forcing', 'rolling-forcing'] as const).map((preset) => {
        const given = plan({ preset, kind: 'image', available: 1 });
        const { frames, dropped } = latentFramesFor(shown + given.hidden, 4, 3, given.independentFirstFrame);
        return { generated: frames - given.latents, dropped };
      });
      expect(still).toEqual(one);
    }
  });
});

describe('a video', () => {
  test.each([
    { available: 9, latents: 3, skip: 0 },
    { available: 20, latents: 3, skip: 11 },
    { available: 21, latents: 6, skip: 0 },
    { available: 81, latents: 21, skip: 0 },
    { available: 200, latents: 48, skip: 11 },
  ])('$available frames: the last that fill whole blocks', ({ available, latents, skip }) => {
    const found = plan({ available });
    expect(found).toMatchObject({ latents, skip, independentFirstFrame: false, repeats: 1, hidden: 0 });
    expect(found.pictures).toBe(1 + 4 * (latents - 1));
    expect(found.skip + found.pictures).toBe(available);
  });

  test.each([
    { window: 21, latents: 18 },
    { window: 9, latents: 6 },
    { window: 6, latents: 3 },
    { window: 5, latents: 3 },
    { window: 300, latents: 48 },
  ])('a window of $window: what the first new block can see', ({ window, latents }) => {
    expect(plan({ window }).latents).toBe(latents);
    expect(plan({ window, preset: 'rolling-forcing' }).latents).toBe(latents);
  });

  test('too short for a block', () => {
    expect(() => plan({ available: 8 })).toThrow(
      'a video that is to be continued must have 9 frames or more (one block of 3 latent frames), found 8: pass a longer one',
    );
  });
});

describe('encodeGivenFrames', () => {
  const size = { width: 2, height: 1, temporal: 4 };

  /** Pictures of one number each. */
  async function* pictures(...numbers: number[]) {
    for (const number of numbers) yield new Float32Array(6).fill(number);
  }

  /** Stands for the VAE: its latent frames are the numbers of its calls. */
  function encoder(calls: number[][]) {
    return {
      encode(pixels: Tensor): Tensor {
        calls.push([...pixels.shape]);
        return device.upload(Float32Array.of(calls.length), [1, 1, 1, 1]);
      },
    };
  }

  const encode = async (given: GivenPlan, ...numbers: number[]) => {
    const calls: number[][] = [];
    const { liveStorages } = device.memory;
    const latents = await encodeGivenFrames(device, encoder(calls), pictures(...numbers), given, size);
    expect(device.memory.liveStorages).toBe(liveStorages + 1);
    const values = [...(await device.read(latents))];
    const { shape } = latents;
    latents.dispose();
    return { calls, values, shape };
  };

  test('one picture first, then four at a time', async () => {
    const numbers = Array.from({ length: 9 }, (_, index) => index);
    const { calls, values, shape } = await encode(plan({ available: 9 }), ...numbers);
    expect(calls).toEqual([
      [1, 1, 2, 3],
      [4, 1, 2, 3],
      [4, 1, 2, 3],
    ]);
    expect(values).toEqual([1, 2, 3]);
    expect(shape).toEqual([3, 1, 1, 1]);
  });

  test('a still picture is shown again and again', async () => {
    const seen: number[] = [];
    const still = plan({ preset: 'rolling-forcing', kind: 'image', available: 1 });
    const watching = {
      encode(pixels: Tensor): Tensor {
        seen.push(pixels.shape[0]);
        return device.upload(Float32Array.of(0), [1, 1, 1, 1]);
      },
    };
    const latents = await encodeGivenFrames(device, watching, pictures(7), still, size);
    expect(seen).toEqual([1, 4, 4]);
    latents.dispose();
  });

  test('the pictures reach the encoder in order', async () => {
    const seen: Promise<ArrayLike<number>>[] = [];
    const watching = {
      encode(pixels: Tensor): Tensor {
        seen.push(device.read(pixels));
        return device.upload(Float32Array.of(0), [1, 1, 1, 1]);
      },
    };
    const numbers = [10, 11, 12, 13, 14, 15, 16, 17, 18, 99]; // one more than is asked for
    const latents = await encodeGivenFrames(device, watching, pictures(...numbers), plan({ available: 9 }), size);
    const firsts = (await Promise.all(seen)).map((values) => Array.from(values).filter((_, at) => at % 6 === 0));
    expect(firsts).toEqual([[10], [11, 12, 13, 14], [15, 16, 17, 18]]);
    latents.dispose();
  });

  test('fewer pictures than planned are an error, and give everything back', async () => {
    const { liveStorages } = device.memory;
    await expect(encode(plan({ available: 9 }), 1, 2, 3)).rejects.toThrow(
      'expected 9 pictures to begin from, could read 3: the file is damaged or has changed',
    );
    expect(device.memory.liveStorages).toBe(liveStorages);
  });
});
