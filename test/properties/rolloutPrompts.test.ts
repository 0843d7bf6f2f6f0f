import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { prepareContext, type TextContext } from '../../src/models/wan/crossAttention.js';
import { predictFlow } from '../../src/models/wan/transformer.js';
import { seededNoise } from '../../src/pipelines/noise/noise.js';
import type { RolloutContext } from '../../src/pipelines/prompts/promptContexts.js';
import { rollingForcing } from '../../src/pipelines/rollingForcing.js';
import type { RolloutEvent } from '../../src/pipelines/rollout.js';
import { selfForcing } from '../../src/pipelines/selfForcing.js';
import { disposeAll } from '../../src/tensor/scope.js';
import { maxDifference } from '../support/allclose.js';
import { device } from '../support/device.js';
import { runRollout, TINY_FRAME_SIZE, tinyModel } from '../support/tinyModel.js';
import { normal } from '../support/twins.js';
import { PRESETS, type Run } from './presets.js';

// A prompt that changes on the way: who sees which.

vi.mock('../../src/models/wan/transformer.js', { spy: true });
afterEach(() => vi.mocked(predictFlow).mockClear());

const tiny = await tinyModel(device, 71);
const { text_len: rows, text_dim: width } = tiny.model.config;
const otherEmbeds = device.upload(normal(2, rows * width), [rows, width]);
const before = tiny.context;
const after = prepareContext(tiny.model, otherEmbeds);
afterAll(() => {
  disposeAll([otherEmbeds, after]);
  tiny.dispose();
});

const FRAMES = 15;
const CHANGE = 6; // the first frame of the third block

const start = (run: Run, context: RolloutContext) => {
  const { options } = PRESETS.find((entry) => entry.run === run)!;
  return run(tiny.model, context, seededNoise(8, FRAMES, TINY_FRAME_SIZE), { ...options, frames: FRAMES });
};
const changing = (firstFrame: number): TextContext => (firstFrame < CHANGE ? before : after);

describe.each(PRESETS)('$preset', ({ run }) => {
  test('a prompt that never changes gives the same bits either way', async () => {
    const { latents } = await runRollout(start(run, before));
    expect((await runRollout(start(run, () => before))).latents).toEqual(latents);
  });

  test('a change of prompt changes the video, and the blocks after it most', async () => {
    const { latents } = await runRollout(start(run, before));
    const changed = (await runRollout(start(run, changing))).latents;
    const same = CHANGE * TINY_FRAME_SIZE;
    expect(maxDifference(changed.slice(same), latents.slice(same)).difference).toBeGreaterThan(0.1);
    if (run === selfForcing) expect(changed.slice(0, same)).toEqual(latents.slice(0, same));
  });
});

test('Self Forcing: every call of a block, the one that fills the cache included, has the prompt of the block', async () => {
  const calls: [number, TextContext][] = [];
  await runRollout(start(selfForcing, changing), (event) => {
    if (event.kind === 'block' || event.kind === 'review') return;
    calls.push([event.block * 3, vi.mocked(predictFlow).mock.lastCall![4]]);
  });
  expect(calls).toHaveLength(5 * 3);
  for (const [firstFrame, context] of calls) expect(context).toBe(changing(firstFrame));
});

describe('Rolling Forcing', () => {
  /** Flows of a window's denoising call, [frames][values]; the context may depend on when it is asked for. */
  async function windowFlow(window: number, context: RolloutContext, onWindow?: (index: number) => void) {
    let flow: number[] = [];
    const watch = async (event: RolloutEvent) => {
      if (event.kind === 'step' && event.step === window) flow = [...(await device.read(event.flow))];
      if (event.kind === 'cache') onWindow?.(++index);
    };
    let index = 0;
    onWindow?.(0);
    await runRollout(start(rollingForcing, context), watch);
    return Array.from({ length: flow.length / TINY_FRAME_SIZE }, (_, frame) =>
      flow.slice(frame * TINY_FRAME_SIZE, (frame + 1) * TINY_FRAME_SIZE),
    );
  }

  test('a window over the change: every block takes what its own prompt predicts for it', async () => {
    // The third window is the first with the third block in it; all before it have one prompt, and the same input.
    const mixed = await windowFlow(2, changing);
    const allBefore = await windowFlow(2, before);
    let current = before;
    const allAfter = await windowFlow(
      2,
      () => current,
      (index) => {
        current = index < 2 ? before : after;
      },
    );
    expect(mixed).toHaveLength(9);
    expect(mixed.slice(0, 6)).toEqual(allBefore.slice(0, 6));
    expect(mixed.slice(6)).toEqual(allAfter.slice(6));
    expect(maxDifference(allAfter.flat(), allBefore.flat()).difference).toBeGreaterThan(0.1);
  });

  test('calls: one for each prompt of the window, and one with the first block’s prompt for the cache', async () => {
    const contexts: string[] = [];
    await runRollout(start(rollingForcing, changing), (event) => {
      if (event.kind === 'block' || event.kind === 'review') return;
      const calls = vi.mocked(predictFlow).mock.calls.map(([, , , , context]) => (context === before ? 'a' : 'b'));
      contexts.push(`${event.kind} ${calls.join('')}`);
      vi.mocked(predictFlow).mockClear();
    });
    expect(contexts).toEqual([
      ...['step a', 'cache a', 'step a', 'cache a', 'step ab', 'cache a', 'step ab', 'cache a'],
      ...['step b', 'cache b', 'step b', 'cache b', 'step b', 'cache b'],
    ]);
  });
});
