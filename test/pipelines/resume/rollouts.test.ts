import { afterAll, describe, expect, test } from 'vitest';
import { seededNoise } from '../../../src/pipelines/noise/noise.js';
import { followRun } from '../../../src/pipelines/resume/followRun.js';
import { RunState } from '../../../src/pipelines/resume/runState.js';
import { wanSampling } from '../../../src/pipelines/wanSampling.js';
import { trimPolicy } from '../../../src/tokentrim/trimPolicy.js';
import { PRESETS } from '../../properties/presets.js';
import { device } from '../../support/device.js';
import { MemoryState } from '../../support/memoryState.js';
import { casesOf, disposeModels, EAGER, other, PATCH, PLAN, runProcess, tiny } from '../../support/resumedRollouts.js';
import { TINY_FRAME_SIZE, TINY_LATENT } from '../../support/tinyModel.js';

// A run that is cut and gone on with is the run that was never cut: to the bit. All cuts and all torn writes are in
// everyCut.test.ts.

afterAll(disposeModels);

describe.each(PRESETS)('$preset', ({ run, options }) => {
  test.each(casesOf(run, options).filter(([name]) => !['placebo', 'regenerate'].includes(name)))(
    '%s, cut in the middle of a block',
    async (_, each) => {
      const whole = await runProcess(each, new MemoryState());
      const store = new MemoryState();
      await runProcess(each, store, (event) => event.kind === 'step' && event.block === 4);
      expect(await runProcess(each, store)).toEqual(whole);
    },
  );

  const each = { run, options, policy: () => trimPolicy(PATCH, EAGER, 4) };

  test('a damaged last state gives way to the one before; damaged rows are computed again', async () => {
    const whole = await runProcess(each, new MemoryState());
    const store = new MemoryState();
    await runProcess(each, store, (event) => event.kind === 'block' && event.block === 4);
    const newest = [...store.files.keys()]
      .filter((name) => name.startsWith('state-'))
      .sort()
      .at(-1) as string;
    const flip = (name: string) => {
      const bytes = store.files.get(name) as Uint8Array;
      bytes[bytes.length >> 1] ^= 1;
    };
    flip(newest);
    for (const name of store.files.keys()) if (name.startsWith('rows-')) flip(name);
    expect(await runProcess(each, store)).toEqual(whole);
  });

  test('the state is bounded: two states, and the rows of a cache and a block', async () => {
    const store = new MemoryState();
    await runProcess(each, store);
    const names = [...store.files.keys()];
    expect(names.filter((name) => name.startsWith('state-'))).toHaveLength(2);
    expect(names.filter((name) => name.startsWith('rows-')).length).toBeLessThanOrEqual(options.window + 3 + 3);
  });

  test('what it takes, it gives back', async () => {
    const { liveStorages } = device.memory;
    const store = new MemoryState();
    await runProcess(each, store, (event) => event.kind === 'block' && event.block === 2);
    await runProcess(each, store);
    expect(device.memory.liveStorages).toBe(liveStorages);
  });
});

test.each(['unipc', 'dpm++'] as const)('Wan2.1 with %s, cut at any step', async (solver) => {
  const options = { latent: TINY_LATENT, frames: 3, steps: 5, solver, shift: 5, guidance: 3 } as const;
  const contexts = { positive: tiny.context, negative: other.context };
  const sample = async (store: MemoryState, cut = -1) => {
    const state = await RunState.open(store, { share: Number.POSITIVE_INFINITY });
    const noise = seededNoise(4, 3, TINY_FRAME_SIZE);
    await state.begin(device, PLAN, { noise, policy: undefined });
    const rolled = wanSampling(tiny.model, contexts, noise, options, state.samplingStart);
    let latents: number[] | undefined;
    let steps = 0;
    for await (const event of followRun(state, device, rolled, { noise, policy: undefined }, 5)) {
      if (event.kind === 'step' && event.step === cut) break;
      if (event.kind === 'step') steps++;
      if (event.kind === 'block') latents = Array.from(await device.read(event.latents));
    }
    return { latents, steps };
  };
  const whole = await sample(new MemoryState());
  for (let cut = 0; cut < 5; cut++) {
    const store = new MemoryState();
    await sample(store, cut);
    expect(await sample(store)).toEqual({ latents: whole.latents, steps: 4 - cut });
  }
});
