import { afterAll, describe, expect, test } from 'vitest';
import type { KvCache } from '../../src/models/wan/kvCache.js';
import type { NoiseSource } from '../../src/pipelines/noise/noise.js';
import { seededNoise } from '../../src/pipelines/noise/noise.js';
import type { RolloutEvent } from '../../src/pipelines/rollout.js';
import { selfForcing } from '../../src/pipelines/selfForcing.js';
import { tokenTrim } from '../../src/tokentrim/tokenTrim.js';
import { device } from '../support/device.js';
import { runRollout, TINY_FRAME_SIZE, TINY_TOKENS, tinyModel } from '../support/tinyModel.js';
import { PRESETS } from './presets.js';

// What a rollout made itself, given back to it as the start of a video.

const tiny = await tinyModel(device, 61);
afterAll(() => tiny.dispose());

const TOTAL = 18;

/** Keys and values of every cached frame and layer, frame by frame. */
async function contents(cache: KvCache | undefined): Promise<unknown[]> {
  const all: unknown[] = [];
  for (const { frame } of cache!.frames) {
    const rows = cache!.rows((cached) => cached === frame);
    for (const { keys, values } of cache!.layers) {
      for (const tensor of [keys, values]) {
        const flat = Array.from(await device.read(tensor));
        const width = tensor.shape[1];
        all.push([frame, rows.map((row) => flat.slice(row * width, (row + 1) * width))]);
      }
    }
  }
  return all;
}

/** The noise that a run of TOTAL frames gets after its first frames, with the re-noising draws that belong to them. */
function noiseAfter(frames: number, draws: number): NoiseSource {
  const noise = seededNoise(4, TOTAL, TINY_FRAME_SIZE);
  let passed = 0;
  return {
    async initial(firstFrame, count) {
      for (; passed < frames; passed += 3) await noise.initial(passed, 3);
      return noise.initial(firstFrame + frames, count);
    },
    async renoise(count, from, used) {
      for (; draws > 0; draws--) await noise.renoise(3, 0, 3);
      return noise.renoise(count, from, used);
    },
  };
}

describe.each(PRESETS)('$preset', ({ run, options }) => {
  const whole = (onEvent: (event: RolloutEvent) => Promise<void>) => {
    const noise = seededNoise(4, TOTAL, TINY_FRAME_SIZE);
    return runRollout(run(tiny.model, tiny.context, noise, { ...options, frames: TOTAL }), onEvent);
  };

  test.each([3, 6, 12])('%i frames that it made give the cache that it had after them', async (given) => {
    const caches: unknown[] = [];
    const { latents } = await whole(async (event) => {
      if (event.kind === 'block' && event.firstFrame === given - 3) caches.push(await contents(event.cache));
    });
    const frames = TOTAL - given;
    const start = Float32Array.from(latents.slice(0, given * TINY_FRAME_SIZE));
    const initialLatents = device.upload(start, [given, 4, 6, 10]);
    // Rolling Forcing: not the same continuation, because the blocks that went on had begun beside the earlier ones.
    const noise = run === selfForcing ? noiseAfter(given, given / 3) : seededNoise(9, frames, TINY_FRAME_SIZE);
    const rollout = run(tiny.model, tiny.context, noise, { ...options, frames, initialLatents });
    const continued = await runRollout(rollout, async (event) => {
      if (event.kind === 'block' && event.firstFrame === given - 3) caches.push(await contents(event.cache));
    });
    expect(caches).toHaveLength(2);
    expect(caches[1]).toEqual(caches[0]);
    expect(continued.latents).toHaveLength(latents.length);
    expect(continued.latents.slice(0, start.length)).toEqual([...start]);
    if (run === selfForcing) expect(continued.latents).toEqual(latents);
    initialLatents.dispose();
  });

  test('given frames have no decision and no part in the statistics; the first block after them has no severity', async () => {
    const initialLatents = device.upload(seededValues(6), [6, 4, 6, 10]);
    const policy = tokenTrim({ height: 2, width: 2 }, { sensitivity: 0, warmup: 1 });
    const noise = seededNoise(5, 12, TINY_FRAME_SIZE);
    const pruned: number[][] = [];
    const rollout = run(tiny.model, tiny.context, noise, { ...options, frames: 12, initialLatents }, policy);
    const { decisions } = await runRollout(rollout, (event) => {
      if (event.kind === 'block' && event.decision?.triggered) {
        pruned.push(event.cache.frames.map(({ tokens }) => tokens));
      }
    });
    policy.dispose();
    expect(decisions.map((decision) => decision?.block ?? null)).toEqual([null, null, 0, 1, 2, 3]);
    expect(decisions[2]).toMatchObject({ severity: null, mean: null, triggered: false });
    expect(decisions[3]?.severity).toBeGreaterThan(0);
    expect(decisions[3]?.mean).toBeNull();
    expect(decisions.slice(4).some((decision) => decision?.triggered)).toBe(true);
    // The anchor or sink among the given frames is whole, whatever was pruned.
    for (const tokens of pruned) {
      expect(tokens.slice(0, 3)).toEqual([TINY_TOKENS, TINY_TOKENS, TINY_TOKENS]);
      expect(Math.min(...tokens)).toBeLessThan(TINY_TOKENS);
    }
    initialLatents.dispose();
  });

  test.each(['cache', 'block', 'step'] as const)('leaving at a "%s" event gives everything back', async (kind) => {
    const initialLatents = device.upload(seededValues(6), [6, 4, 6, 10]);
    const { liveStorages } = device.memory;
    for (const count of [1, 2]) {
      let seen = 0;
      const noise = seededNoise(5, 6, TINY_FRAME_SIZE);
      for await (const event of run(tiny.model, tiny.context, noise, { ...options, frames: 6, initialLatents })) {
        if (event.kind === kind && ++seen === count) break;
      }
      expect(device.memory.liveStorages).toBe(liveStorages);
    }
    initialLatents.dispose();
  });
});

function seededValues(frames: number): Float32Array {
  const values = new Float32Array(frames * TINY_FRAME_SIZE);
  return values.map((_, index) => Math.sin(index * 1.7));
}
