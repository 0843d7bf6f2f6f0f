import { afterAll, describe, expect, test } from 'vitest';
import { toyWorld } from '../../src/index.js';
import { blockCall, KvCache } from '../../src/models/wan/kvCache.js';
import { everyPart, partNames } from '../../src/models/wan/tap.js';
import { predictFlow } from '../../src/models/wan/transformer.js';
import { openModelFolder } from '../../src/node/model/modelFolder.js';
import { generate } from '../../src/pipelines/generate.js';
import { seededNoise } from '../../src/pipelines/noise/noise.js';
import type { Watching } from '../../src/pipelines/plan/watching.js';
import { rollingForcing } from '../../src/pipelines/rollingForcing.js';
import type { RolloutOptions } from '../../src/pipelines/rollout.js';
import { selfForcing } from '../../src/pipelines/selfForcing.js';
import { CallTaps } from '../../src/pipelines/watch/callTaps.js';
import type { SeenAttention } from '../../src/pipelines/watch/seen.js';
import type { Device } from '../../src/tensor/device.js';
import { scriptedPolicy } from '../properties/scriptedPruning.js';
import { expectAllClose } from '../support/allclose.js';
import { device, referenceDevice } from '../support/device.js';
import {
  runRollout,
  TINY_CONFIG,
  TINY_FRAME_SIZE,
  TINY_ROLLING_FORCING,
  TINY_SELF_FORCING,
  TINY_TOKENS,
  tinyModel,
} from '../support/tinyModel.js';

const tiny = await tinyModel(device, 3);
const twin = await tinyModel(referenceDevice, 3);
const model = await openModelFolder(toyWorld);
afterAll(async () => {
  tiny.dispose();
  twin.dispose();
  await model.close();
});

const SCRIPT = { 1: [0, 4], 3: [4, 7, 9] };
const ROLLOUTS = [
  { name: 'self-forcing', run: selfForcing, options: { ...TINY_SELF_FORCING, frames: 15 } },
  { name: 'rolling-forcing', run: rollingForcing, options: { ...TINY_ROLLING_FORCING, frames: 15 } },
] as const;
const { num_heads: heads, num_layers: layers, dim } = TINY_CONFIG;

function tapsOf(on: Device, watch: Watching, { steps }: RolloutOptions) {
  return new CallTaps(on, { watch, heads, layers, tokensPerFrame: TINY_TOKENS, steps: steps.length });
}

const started = (on: Device, { run, options }: (typeof ROLLOUTS)[number], tap?: CallTaps['tap']) => {
  const { model: dit, context } = on === referenceDevice ? twin : tiny;
  const noise = seededNoise(5, options.frames, TINY_FRAME_SIZE);
  return run(dit, context, noise, { ...options, tap }, scriptedPolicy(SCRIPT));
};

/** Softmax by plain loops, a mean over heads: for one query the weight of every cached row, then of every own key. */
function plainWeights(query: Float64Array, keys: readonly Float64Array[]): number[] {
  const mean = keys.map(() => 0);
  const depth = dim / heads;
  for (let head = 0; head < heads; head++) {
    const scores = keys.map((key) => {
      let dot = 0;
      for (let d = head * depth; d < (head + 1) * depth; d++) dot += query[d] * key[d];
      return Math.exp(dot / Math.sqrt(depth));
    });
    const total = scores.reduce((sum, score) => sum + score, 0);
    for (const [at, score] of scores.entries()) mean[at] += score / total / heads;
  }
  return mean;
}

describe.each(ROLLOUTS)('$name', (rollout) => {
  const { options } = rollout;
  const watch: Watching = {
    attention: [{ tokens: [3, 9], steps: options.steps.map((_, step) => step) }],
    taps: [{ name: 'block1.ffn', blocks: [1, 3] }, { name: 'head' }],
  };

  test('attention is what plain loops make of the queries and keys of the call, frame by frame', async () => {
    const taps = tapsOf(referenceDevice, watch, options);
    type Plain = { rows: Uint32Array; copies: number; weights: (token: number, frame: number) => number[] };
    const plain: Plain[] = [];
    const tap: CallTaps['tap'] = (call) => {
      const own = taps.tap(call);
      return {
        part: (name, output) => own?.part(name, output),
        attention(layer, query, context, cacheCall) {
          own?.attention?.(layer, query, context, cacheCall);
          const rowsOf = (data: Float64Array, rows: Iterable<number>) =>
            Array.from(rows, (row) => data.slice(row * dim, (row + 1) * dim));
          const { cached, own: ownKeys } = context;
          const rows = cached?.rows.hostIndices ?? new Uint32Array();
          const held = [
            ...(cached ? rowsOf(cached.keys.host.data, rows) : []),
            ...rowsOf(ownKeys!.keys.host.data, Array(ownKeys!.keys.shape[0]).keys()),
          ];
          const queries = rowsOf(query.host.data, Array(query.shape[0]).keys());
          plain.push({
            rows: Uint32Array.from(rows),
            copies: ownKeys!.keys.shape[0] - query.shape[0],
            weights: (token, frame) => plainWeights(queries[frame * TINY_TOKENS + token], held),
          });
        },
      };
    };
    let [compared, pruned] = [0, 0];
    await runRollout(started(referenceDevice, rollout, tap), async (event) => {
      if (event.kind !== 'step') return;
      const seen = taps.take().filter((each): each is SeenAttention => each.kind === 'attention');
      const frameOf = new Map(event.cache.liveRows().map(({ row, frame }) => [row, frame]));
      expect(seen).toHaveLength(event.timesteps.length / options.framesPerBlock);
      for (const { block, frames, keys, cached, tokens, layers: seenLayers, shares } of seen) {
        expect(frames).toEqual([0, 1, 2].map((at) => block * 3 + at));
        expect([...keys.slice(0, cached)].sort((a, b) => a - b)).toEqual(event.seen.frames);
        const values = await shares;
        expect(values).toHaveLength(seenLayers.length * tokens.length * frames.length * keys.length);
        let at = 0;
        for (const layer of seenLayers) {
          const { rows, copies, weights } = plain[layer];
          for (const token of tokens) {
            for (const frame of frames) {
              const each = weights(token, frame - event.firstFrame);
              const expected = new Map(keys.map((key) => [key, 0]));
              for (const [index, weight] of each.entries()) {
                const own = index - rows.length - copies;
                const key =
                  index < rows.length
                    ? frameOf.get(rows[index])!
                    : own < 0
                      ? Math.floor((index - rows.length) / TINY_TOKENS)
                      : event.firstFrame + Math.floor(own / TINY_TOKENS);
                expected.set(key, expected.get(key)! + weight);
              }
              const found = Array.from(values.slice(at, at + keys.length));
              expectAllClose(found, [...expected.values()], 1e-6, `block ${block}, layer ${layer}, token ${token}`);
              expect(found.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 6);
              at += keys.length;
              compared++;
            }
          }
        }
        pruned += Number(event.seen.rows < event.seen.frames.length * TINY_TOKENS);
      }
      plain.length = 0;
    });
    expect(compared).toBeGreaterThan(100);
    expect(pruned).toBeGreaterThan(1);
  });

  test('decides nothing: the latents are the same bytes; only what was asked for is seen', async () => {
    const { latents } = await runRollout(started(device, rollout));
    const taps = tapsOf(device, watch, options);
    const parts = new Set<string>();
    const watched = await runRollout(started(device, rollout, taps.tap), async (event) => {
      if (event.kind !== 'step') return;
      for (const seen of taps.take()) {
        if (seen.kind === 'attention') continue;
        parts.add(`${seen.block}.${seen.attempt} ${seen.name}`);
        const width = seen.name === 'head' ? 16 : dim;
        expect(seen.shape).toEqual([3, TINY_TOKENS, width]);
        expect((await seen.values).some((value) => value !== 0)).toBe(true);
      }
    });
    expect(watched.latents).toEqual(latents);
    const ofFfn = [...parts].filter((part) => part.endsWith('ffn'));
    expect(ofFfn).toEqual(['1.0', '1.1', '3.0', '3.1'].map((place) => `${place} block1.ffn`));
    expect([...parts].filter((part) => part.endsWith('head'))).toHaveLength(5 + 2);
  });
});

test('a tap gives what a call of the DiT with the same input gives', async () => {
  const [rollout] = ROLLOUTS;
  const names = partNames(TINY_CONFIG);
  const taps = tapsOf(device, { taps: names.map((name) => ({ name, steps: [0, 1] })) }, rollout.options);
  let compared = 0;
  await runRollout(started(device, rollout, taps.tap), async (event) => {
    if (event.kind !== 'step') return;
    const seen = taps.take();
    expect(seen.map((each) => each.kind === 'tap' && each.name)).toEqual(names);
    const direct = new Map<string, Promise<Float32Array | Float64Array>>();
    const { firstFrame, timesteps, cache } = event;
    device
      .scope(() => {
        const tap = everyPart((name, output) => direct.set(name, device.read(output)));
        const call = blockCall(cache, firstFrame, timesteps.length);
        return predictFlow(tiny.model, event.input, timesteps, firstFrame, tiny.context, call, tap);
      })
      .dispose();
    for (const each of seen) {
      if (each.kind !== 'tap') continue;
      expect(await each.values).toEqual(await direct.get(each.name));
      compared++;
    }
  });
  expect(compared).toBeGreaterThan(names.length * 8);
});

test('the parts of a DiT in forward order, and its branches do not change what it computes', async () => {
  const latents = device.zeros([3, TINY_CONFIG.in_dim, 6, 10]);
  const shape = { layers, dim, tokensPerFrame: TINY_TOKENS, capacity: 3, sink: 0 };
  const flowOf = async (tap?: Parameters<typeof predictFlow>[6]) => {
    const cache = new KvCache(device, shape);
    cache.reserve(0, 3);
    const flow = predictFlow(tiny.model, latents, [500, 500, 500], 0, tiny.context, blockCall(cache, 0, 3), tap);
    const values = await device.read(flow);
    flow.dispose();
    cache.dispose();
    return values;
  };
  const names: string[] = [];
  expect(await flowOf(everyPart((name) => names.push(name)))).toEqual(await flowOf());
  expect(names).toEqual(partNames(TINY_CONFIG));
  latents.dispose();
});

describe('what cannot be watched is said, with what there is', () => {
  const asked = async (watch: unknown, request = {}) => {
    const run = generate(device, model, { prompt: 'a', frames: 33, watch, ...request } as Parameters<
      typeof generate
    >[2]);
    for await (const _ of run) break;
  };
  test.each<[Watching | object, string]>([
    [{ attention: [{ tokens: [64] }] }, 'whole numbers from 0 to 15, each once, found 64 at [0]'],
    [{ attention: [{ tokens: [] }] }, 'no token is chosen'],
    [{ attention: [{ tokens: [1], layers: [99] }] }, 'there is no layer 99 to watch: this run has layers 0 to '],
    [{ attention: [{ tokens: [1], blocks: [3] }] }, 'there is no block 3 to watch: this run has blocks 0 to 2'],
    [{ attention: [{ tokens: [1], steps: [4] }] }, 'there is no step 4 to watch: this run has steps 0 to 3'],
    [
      { taps: [{ name: 'block0.fnn' }] },
      'the DiT has no part "block0.fnn": did you mean block0.ffn? there are patch_embedding',
    ],
    [{ attention: [{ token: [1] }] }, 'unknown option `token`'],
    [{ taps: 'head' }, '`watch.taps` of generate must be a list such as [{ name: \'block0.ffn\' }], found "head"'],
    [
      { attention: [{ tokens: [-1] }] },
      '`watch.attention[0].tokens[0]` of generate must be a whole number of 0 or more',
    ],
  ])('%j', async (watch, message) => {
    await expect(asked(watch)).rejects.toThrow(message);
  });
  test('of the bidirectional model', async () => {
    await expect(asked({ taps: [{ name: 'head' }] }, { preset: 'wan' })).rejects.toThrow('has no blocks and no cache');
  });
});

test('where FlowMo acts, the call that the step goes on with is seen, once', async () => {
  const tapped = async (mode: 'paper' | 'code') => {
    const watch = {
      taps: [{ name: 'head', blocks: [0], steps: [0] }],
      attention: [{ tokens: [0], layers: [0], steps: [0] }],
    };
    const flowmo = { blocks: 'first-block', mode } as const;
    const request = { prompt: 'a', frames: 9, steps: [1000, 500], width: 16, height: 16, flowmo, watch };
    const kinds: string[] = [];
    for await (const event of generate(device, model, { ...request, decode: 'never' }))
      if (event.kind === 'step') kinds.push(...(event.watched ?? []).map(({ kind }) => kind));
    return kinds;
  };
  expect(await tapped('paper')).toEqual(['attention', 'tap']);
  expect(await tapped('code')).toEqual([]); // it goes on with the call that was walked back
});
