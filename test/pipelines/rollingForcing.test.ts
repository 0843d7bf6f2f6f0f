import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { rollingCall } from '../../src/models/wan/rollingCall.js';
import { seededNoise } from '../../src/pipelines/noise/noise.js';
import { rollingForcing } from '../../src/pipelines/rollingForcing.js';
import type { RolloutOptions } from '../../src/pipelines/rollout.js';
import { device } from '../support/device.js';
import { runRollout, TINY_ROLLING_FORCING, tinyModel } from '../support/tinyModel.js';
import { normal } from '../support/twins.js';

// The window arithmetic of Rolling Forcing against the tables of reference-semantics.md section 5, with the official
// sizes: 5 steps, blocks of 3, attention over 21 frames. Timesteps are named by their place: 0 is the cleanest.

vi.mock('../../src/models/wan/rollingCall.js', { spy: true });
afterEach(() => vi.mocked(rollingCall).mockClear());

const tiny = await tinyModel(device, 41);
afterAll(() => tiny.dispose());

const latent = { height: 2, width: 2 } as const;
const options: RolloutOptions = { ...TINY_ROLLING_FORCING, latent, steps: [1000, 800, 600, 400, 200], window: 21 };

interface Window {
  readonly start: number;
  readonly blocks: number;
  /** Place of each block's timestep, cleanest 0. */
  readonly places: number[];
  readonly denoise: { recentFrames: number; anchorFrame: number | undefined };
  readonly update: { recentFrames: number; anchorFrame: number | undefined };
  readonly draws: [count: number, from: number][];
}

/** Everything that a rollout of so many blocks did, window by window. */
async function windowsOf(blocks: number, givenBlocks = 0): Promise<Window[]> {
  const given = 3 * givenBlocks;
  const initialLatents = given > 0 ? device.zeros([given, 4, latent.height, latent.width]) : undefined;
  const all = { ...options, frames: blocks * options.framesPerBlock, initialLatents };
  const frameSize = 4 * latent.height * latent.width;
  const noise = seededNoise(1, all.frames, frameSize);
  const draws: [number, number][] = [];
  const recorded = {
    ...noise,
    renoise(count: number, from: number, used: number) {
      draws.push([count, from]);
      expect(used).toBe(3);
      return noise.renoise(count, from, used);
    },
  };
  const windows: Omit<Window, 'draws'>[] = [];
  const drawCounts: number[] = [];
  const calls = vi.mocked(rollingCall).mock.calls;
  await runRollout(rollingForcing(tiny.model, tiny.context, recorded, all), (event) => {
    if (event.kind === 'step') {
      const placeOf = (timestep: number) => scale.indexOf(Math.round(timestep));
      const places = event.timesteps.filter((_, frame) => frame % 3 === 0).map(placeOf);
      expect(event.timesteps.map(placeOf)).toEqual(places.flatMap((place) => [place, place, place]));
      const seen = calls.at(-1)![1];
      expect(seen).toMatchObject({ firstFrame: given + event.block * 3, writes: false });
      windows.push({ start: event.block, blocks: places.length, places, denoise: past(seen), update: past(seen) });
      drawCounts.push(draws.length);
    } else if (event.kind === 'cache' && event.block >= 0) {
      const seen = calls.at(-1)![1];
      expect(seen).toMatchObject({ firstFrame: given + event.block * 3, writes: true });
      windows.push({ ...windows.pop()!, update: past(seen) });
    }
  });
  initialLatents?.dispose();
  return windows.map((window, index) => ({ ...window, draws: draws.slice(drawCounts[index], drawCounts[index + 1]) }));
}

/** The five warped timesteps, cleanest first: 555.556, 769.231, 882.353, 952.381, 1000. */
const scale = [556, 769, 882, 952, 1000];

const past = ({ recentFrames, anchorFrame }: { recentFrames: number; anchorFrame: number | undefined }) => ({
  recentFrames,
  anchorFrame,
});

describe('eleven blocks', async () => {
  const windows = await windowsOf(11);

  test('there are as many windows as blocks and steps need, and they slide', () => {
    expect(windows).toHaveLength(11 + 5 - 1);
    expect(windows.map(({ start }) => start)).toEqual([0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(windows.map(({ blocks }) => blocks)).toEqual([1, 2, 3, 4, 5, 5, 5, 5, 5, 5, 5, 4, 3, 2, 1]);
  });

  test('timesteps: the noisiest while the window grows, the cleanest when it shrinks', () => {
    for (const [index, { places, blocks }] of windows.entries()) {
      const all = [0, 1, 2, 3, 4];
      expect(places).toEqual(index < 5 ? all.slice(5 - blocks) : all.slice(0, blocks));
    }
  });

  test('a denoising call sees recent frames and the anchor right before them', () => {
    for (const { start, blocks, denoise } of windows) {
      if (start === 0) {
        expect(denoise).toEqual({ recentFrames: 0, anchorFrame: undefined });
        continue;
      }
      const recentFrames = Math.min(3 * (start - 1), 21 - 3 * blocks - 3);
      expect(denoise).toEqual({ recentFrames, anchorFrame: 3 * start - recentFrames - 3 });
    }
    expect(windows.slice(6).map(({ denoise }) => denoise.recentFrames)).toEqual([3, 3, 3, 3, 3, 6, 9, 12, 15]);
  });

  test('a cache-updating call sees the last 21 frames, and the anchor only while it is among them', () => {
    for (const { start, update } of windows) {
      if (start === 0) expect(update).toEqual({ recentFrames: 0, anchorFrame: undefined });
      else expect(update).toEqual({ recentFrames: 18, anchorFrame: start < 7 ? 0 : undefined });
    }
  });

  test('noise is drawn for the whole window, once for every block that goes on', () => {
    for (const [index, { blocks, draws }] of windows.entries()) {
      const finished = index >= 4 ? 1 : 0;
      const offsets = Array.from({ length: blocks - finished }, (_, offset) => 3 * (offset + finished));
      expect(draws).toEqual(offsets.map((offset) => [3 * blocks, offset]));
    }
  });
});

describe('fewer blocks than steps: the official quirk', async () => {
  const windows = await windowsOf(3);

  test('windows from the start keep the noisiest timesteps, though their latents went on', () => {
    expect(windows.map(({ start }) => start)).toEqual([0, 0, 0, 0, 0, 1, 2]);
    expect(windows.map(({ places }) => places)).toEqual([[4], [3, 4], [2, 3, 4], [2, 3, 4], [2, 3, 4], [0, 1], [0]]);
  });

  test('they keep feeding the pure noise of the last block', async () => {
    const frameSize = 4 * latent.height * latent.width;
    const noise = seededNoise(1, 9, frameSize);
    const asked: number[] = [];
    const recorded = {
      ...noise,
      initial(first: number, count: number) {
        asked.push(first);
        return noise.initial(first, count);
      },
    };
    await runRollout(rollingForcing(tiny.model, tiny.context, recorded, { ...options, frames: 9 }));
    expect(asked).toEqual([0, 3, 6, 6, 6]);
  });
});

describe('after blocks that were given', async () => {
  const windows = await windowsOf(7, 3);

  test('the window grows behind them, from the noisiest timestep on', () => {
    expect(windows.map(({ start }) => start)).toEqual([0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6]);
    expect(windows.map(({ blocks }) => blocks)).toEqual([1, 2, 3, 4, 5, 5, 5, 4, 3, 2, 1]);
    expect(windows.slice(0, 5).map(({ places }) => places)).toEqual([
      [4],
      [3, 4],
      [2, 3, 4],
      [1, 2, 3, 4],
      [0, 1, 2, 3, 4],
    ]);
  });

  test('a window sees of the past what one of its size sees later in a video', () => {
    for (const { start, blocks, denoise, update } of windows) {
      const first = 9 + 3 * start;
      const recentFrames = Math.min(first - 3, 21 - 3 * blocks - 3);
      expect(denoise).toEqual({ recentFrames, anchorFrame: first - recentFrames - 3 });
      expect(update).toEqual({ recentFrames: 18, anchorFrame: first + 3 <= 21 ? 0 : undefined });
    }
    // Six frames lie between the anchor and the first window; a full window sees only the last three of them.
    expect(windows.slice(0, 5).map(({ denoise }) => denoise.recentFrames)).toEqual([6, 6, 6, 6, 3]);
  });

  test('with fewer blocks than steps every block still takes all of its steps, each once', async () => {
    for (const blocks of [1, 2, 3]) {
      const short = await windowsOf(blocks, 1);
      const taken = Array.from({ length: blocks }, (): number[] => []);
      for (const { start, places } of short)
        for (const [offset, place] of places.entries()) taken[start + offset].push(place);
      expect(taken).toEqual(taken.map(() => [4, 3, 2, 1, 0]));
    }
  });

  test('they are written one by one before anything is denoised, and join the video as they are', async () => {
    const initialLatents = device.upload(normal(3, 6 * 16), [6, 4, 2, 2]);
    const calls: unknown[] = [];
    const kinds: string[] = [];
    const all = { ...options, frames: 6, contextNoise: 100, initialLatents };
    const { latents } = await runRollout(
      rollingForcing(tiny.model, tiny.context, seededNoise(1, 6, 16), all),
      (event) => {
        kinds.push(`${event.kind} ${event.block}`);
        if (event.kind === 'cache' && event.block < 0) calls.push(vi.mocked(rollingCall).mock.lastCall![1]);
      },
    );
    expect(kinds.slice(0, 5)).toEqual(['cache -1', 'block -1', 'cache -1', 'block -1', 'step 0']);
    expect(calls).toMatchObject([
      { firstFrame: 0, writes: true, recentFrames: 0, anchorFrame: undefined },
      { firstFrame: 3, writes: true, recentFrames: 18, anchorFrame: 0 },
    ]);
    expect(latents.slice(0, 6 * 16)).toEqual([...normal(3, 6 * 16)]);
    expect(latents).toHaveLength(12 * 16);
    initialLatents.dispose();
  });
});

test('every block is yielded once, in order, in the window of its last step', async () => {
  const seen: [string, number][] = [];
  const noise = seededNoise(1, 18, 16);
  await runRollout(rollingForcing(tiny.model, tiny.context, noise, { ...options, frames: 18 }), (event) => {
    seen.push([event.kind, event.block]);
    if (event.kind !== 'block') return;
    expect(event.firstFrame).toBe(3 * event.block);
    expect(event.latents.shape).toEqual([3, 4, 2, 2]);
  });
  expect(seen.filter(([kind]) => kind === 'block').map(([, block]) => block)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(seen.slice(0, 12).map(([kind]) => kind)).toEqual([
    ...['step', 'cache', 'step', 'cache', 'step', 'cache', 'step', 'cache'],
    ...['step', 'review', 'cache', 'block'],
  ]);
});

test('windows and sinks that cannot work are refused before anything runs', async () => {
  const failing = (changed: Partial<RolloutOptions>) =>
    runRollout(rollingForcing(tiny.model, tiny.context, seededNoise(1, 9, 16), { ...options, frames: 9, ...changed }));
  await expect(failing({ sink: 2 })).rejects.toThrow('`sink` must be 3 (or 0 for none), found 2');
  await expect(failing({ window: 15 })).rejects.toThrow(
    'rolling-forcing with 5 steps rolls 15 latent frames beside a sink of 3: `window` must be a multiple of 3 and at least ' +
      '18, found 15',
  );
  await expect(failing({ window: 20 })).rejects.toThrow('found 20');
  const initialLatents = device.zeros([4, 4, 2, 2]);
  await expect(failing({ initialLatents })).rejects.toThrow(
    '4 latent frames to begin with do not split into blocks of 3',
  );
  initialLatents.dispose();
  await expect(failing({ frames: 10 })).rejects.toThrow('10 latent frames to generate do not split');
  expect(rollingCall).not.toHaveBeenCalled();
});
