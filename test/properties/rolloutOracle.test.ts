import { afterAll, describe, expect, test } from 'vitest';
import { seededNoise } from '../../src/pipelines/noise/noise.js';
import { rollingForcing } from '../../src/pipelines/rollingForcing.js';
import type { RolloutOptions } from '../../src/pipelines/rollout.js';
import { selfForcing } from '../../src/pipelines/selfForcing.js';
import { device } from '../support/device.js';
import { TINY_ROLLING_FORCING, TINY_SELF_FORCING, tinyModel } from '../support/tinyModel.js';
import { normal } from '../support/twins.js';
import { type Call, compareWithOracle } from './oracle.js';
import type { Sees } from './plainDit.js';
import { isPruned, type Script, scriptedPolicy } from './scriptedPruning.js';

// A rollout with its cache against the whole sequence computed at once, without one: the finished blocks at timestep 0
// and the call at hand, with a mask that says what each of them saw. The mask is the specification's, not the cache's.

const latent = { height: 4, width: 6 } as const; // a grid of 2 x 3
const frameSize = 4 * latent.height * latent.width;
const tiny = await tinyModel(device, 3);
afterAll(() => tiny.dispose());

/** Latents to begin with, on the device and as numbers; the script of the generated blocks, by their place in the video. */
function beginWith(frames: number, framesPerBlock: number, script: Script = {}) {
  const values = normal(12, frames * frameSize);
  const initialLatents = device.upload(values, [frames, 4, latent.height, latent.width]);
  const shifted = Object.entries(script).map(([block, tokens]) => [Number(block) + frames / framesPerBlock, tokens]);
  return { values, initialLatents, inVideo: Object.fromEntries(shifted) as Script };
}

describe('Self Forcing', () => {
  /** Every frame of the sink and the most recent others, as many as the window holds, the block's own included. */
  const masks =
    (options: RolloutOptions, script: Script = {}) =>
    ({ block: current, attempt }: Call): Sees =>
    (queryFrame, keyFrame, keyToken) => {
      const { framesPerBlock: size, window, sink } = options;
      const block = Math.floor(queryFrame / size);
      const end = (block + 1) * size;
      const isCached = keyFrame < end && (keyFrame < sink || keyFrame >= end - (window - sink));
      // A finished block's clean call came after its last attempt.
      const tries = block === current ? attempt : 1;
      return isCached && !isPruned(script, options, block, tries, keyFrame, keyToken) ? keyFrame : undefined;
    };

  test.each([
    { name: 'everything fits', change: { window: 12, sink: 0 } },
    { name: 'a window without a sink', change: { window: 6, sink: 0 } },
    { name: 'a window with a sink', change: { window: 9, sink: 3 } },
    { name: 'a sink that is no multiple of a block', change: { window: 7, sink: 2 } },
    { name: 'blocks of one frame', change: { framesPerBlock: 1, frames: 5, window: 3, sink: 1 } },
    { name: 'blocks written with context noise', change: { window: 6, sink: 0, contextNoise: 100 } },
  ])('cached equals uncached: $name', async ({ change }) => {
    const options = { ...TINY_SELF_FORCING, latent, ...change };
    const noise = seededNoise(5, options.frames, frameSize);
    const rollout = selfForcing(tiny.model, tiny.context, noise, options);
    const { calls } = await compareWithOracle(tiny, rollout, options, masks(options));
    expect(calls).toBe((options.frames / options.framesPerBlock) * (options.steps.length + 1));
  });

  test.each<{ name: string; script: Script }>([
    { name: 'one token of one block', script: { 2: [4] } },
    { name: 'other tokens later', script: { 1: [0, 5], 3: [1, 2] } },
    { name: 'all tokens', script: { 2: [0, 1, 2, 3, 4, 5] } },
  ])('pruned rows have no influence, now or later: $name', async ({ script }) => {
    for (const sink of [0, 3]) {
      const options = { ...TINY_SELF_FORCING, latent, window: 9, sink };
      const noise = seededNoise(6, options.frames, frameSize);
      const rollout = selfForcing(tiny.model, tiny.context, noise, options, scriptedPolicy(script));
      const { calls } = await compareWithOracle(tiny, rollout, options, masks(options, script));
      expect(calls).toBe(4 * 3 + 2 * Object.keys(script).length);
    }
  });

  test.each<{ name: string; given: number; change: object; script: Script }>([
    { name: 'one block', given: 3, change: { window: 6, sink: 0 }, script: {} },
    { name: 'more than the window holds', given: 9, change: { window: 6, sink: 0, contextNoise: 100 }, script: {} },
    { name: 'a sink among them', given: 6, change: { window: 9, sink: 3 }, script: { 1: [0, 5] } },
  ])('frames that were given are seen as if they had been generated: $name', async ({ given, change, script }) => {
    const { values, initialLatents, inVideo } = beginWith(given, 3, script);
    const options = { ...TINY_SELF_FORCING, latent, frames: 6, ...change, initialLatents };
    const noise = seededNoise(5, options.frames, frameSize);
    const rollout = selfForcing(tiny.model, tiny.context, noise, options, scriptedPolicy(script));
    // Written at timestep 0, as the official code writes them, whatever the context noise.
    const { calls } = await compareWithOracle(tiny, rollout, options, masks(options, inVideo), {
      latents: values,
      timestep: 0,
    });
    expect(calls).toBe(given / 3 + 2 * 3 + 2 * Object.keys(script).length);
    initialLatents.dispose();
  });
});

describe('Rolling Forcing', () => {
  // reference-semantics.md section 5, "Attention of the window's own n frames".
  const masks =
    (options: RolloutOptions, script: Script = {}) =>
    (call: Call): Sees =>
    (queryFrame, keyFrame, keyToken) => {
      const { framesPerBlock: size, window, sink } = options;
      const isOwnCall = queryFrame >= call.block * size;
      const isUpdate = !isOwnCall || call.kind === 'cache';
      const start = isOwnCall ? call.block : Math.floor(queryFrame / size);
      const first = start * size;
      const frames = isOwnCall ? call.frames : size;
      if (keyFrame >= first) return keyFrame < first + frames ? keyFrame : undefined;
      const tries = isOwnCall ? call.attempt : 1;
      if (isPruned(script, options, start, tries, keyFrame, keyToken)) return undefined;
      if (isUpdate) {
        if (keyFrame < sink) return first + size <= window ? keyFrame : undefined;
        return keyFrame >= first + size - window ? keyFrame : undefined;
      }
      const recent = Math.min(first - sink, window - frames - sink);
      if (keyFrame < sink) return first - recent - sink + keyFrame;
      return keyFrame >= first - recent ? keyFrame : undefined;
    };

  test.each([
    { name: 'windows that grow, are full and shrink', change: { frames: 18, window: 15 } },
    { name: 'the smallest window: the recent frames give way to the anchor', change: { frames: 18, window: 12 } },
    { name: 'as many blocks as steps', change: { frames: 9, window: 15 } },
    { name: 'fewer blocks than steps', change: { frames: 6, window: 15 } },
    { name: 'no anchor', change: { frames: 15, window: 12, sink: 0 } },
  ])('cached equals uncached: $name', async ({ change }) => {
    const options = { ...TINY_ROLLING_FORCING, latent, ...change };
    const noise = seededNoise(7, options.frames, frameSize);
    const rollout = rollingForcing(tiny.model, tiny.context, noise, options);
    const { calls } = await compareWithOracle(tiny, rollout, options, masks(options));
    expect(calls).toBe(2 * (options.frames / 3 + options.steps.length - 1));
  });

  test.each<{ name: string; script: Script }>([
    { name: 'one token', script: { 3: [4] } },
    { name: 'other tokens later', script: { 2: [0, 5], 4: [1, 2] } },
    { name: 'all recent tokens: the anchor stays', script: { 3: [0, 1, 2, 3, 4, 5] } },
  ])('pruned rows have no influence, now or later: $name', async ({ script }) => {
    const options = { ...TINY_ROLLING_FORCING, latent, frames: 18 };
    const noise = seededNoise(8, options.frames, frameSize);
    const rollout = rollingForcing(tiny.model, tiny.context, noise, options, scriptedPolicy(script));
    const { calls } = await compareWithOracle(tiny, rollout, options, masks(options, script));
    expect(calls).toBe(2 * (6 + 2) + Object.keys(script).length);
  });

  test.each<{ name: string; given: number; change: object; script: Script }>([
    { name: 'the anchor alone', given: 3, change: { frames: 12 }, script: {} },
    { name: 'the anchor and two blocks', given: 9, change: { frames: 12 }, script: { 1: [4] } },
    { name: 'more than the window holds', given: 18, change: { frames: 9, window: 12 }, script: { 0: [0], 2: [1, 3] } },
    { name: 'context noise', given: 6, change: { frames: 9, contextNoise: 100 }, script: {} },
    { name: 'fewer blocks than steps', given: 6, change: { frames: 3 }, script: {} },
    { name: 'no anchor', given: 6, change: { frames: 9, window: 12, sink: 0 }, script: {} },
  ])('frames that were given are seen as if they had been generated: $name', async ({ given, change, script }) => {
    const { values, initialLatents, inVideo } = beginWith(given, 3, script);
    const options = { ...TINY_ROLLING_FORCING, latent, ...change, initialLatents };
    const noise = seededNoise(7, options.frames, frameSize);
    const rollout = rollingForcing(tiny.model, tiny.context, noise, options, scriptedPolicy(script));
    const timestep = options.contextNoise;
    const { calls } = await compareWithOracle(tiny, rollout, options, masks(options, inVideo), {
      latents: values,
      timestep,
    });
    expect(calls).toBe(given / 3 + 2 * (options.frames / 3 + 2) + Object.keys(script).length);
    initialLatents.dispose();
  });
});
