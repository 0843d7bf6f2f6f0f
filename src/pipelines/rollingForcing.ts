import { concatFrames, sliceFrames } from '../kernels/layout/frames.js';
import { KvCache } from '../models/wan/kvCache.js';
import { rollingCall } from '../models/wan/rollingCall.js';
import { predictFlow, tokenGrid } from '../models/wan/transformer.js';
import type { Transformer } from '../models/wan/weights.js';
import { checkOptions } from '../options/checkOptions.js';
import { Arena } from '../tensor/scope.js';
import type { Tensor } from '../tensor/tensor.js';
import { checkedPolicy } from '../tokentrim/checkedPolicy.js';
import { acceptAll, type Policy } from '../tokentrim/policy.js';
import { addNoise, createSchedule, denoisingTimesteps, x0FromFlow } from './flowMatching.js';
import type { NoiseSource } from './noise/noise.js';
import { planBlocks } from './plan/planBlocks.js';
import { planWindow } from './plan/rollingWindow.js';
import { contextLookup, promptRuns, type RolloutContext } from './prompts/promptContexts.js';
import { checkWindow, PLAN_OPTIONS, type RolloutEvent, type RolloutOptions, rolloutSchema } from './rollout.js';

/**
 * Rolling Forcing: a window of as many blocks as there are denoising steps slides over the video, its blocks noisier
 * from first to last. Each call denoises the whole window by one step; then the first block is written into the cache,
 * and when it has had its last step it joins the video. The first block of all is the anchor: cached without rotation
 * and seen right before the recent frames, wherever the window is.
 * Source: TencentARC/RollingForcing pipeline/rolling_forcing_inference.py CausalInferencePipeline.inference_rolling_forcing.
 *
 * A block is checked in the one call that finishes it, so both of a policy's checks are the same here (our choice).
 * Blocks that were given go straight into the cache, as if they had been generated, and the window starts behind them
 * (docs/decisions/007-given-frames.md). A window over a change of prompt is called once for each of its prompts, and
 * every block takes what its own prompt predicts (docs/decisions/008-prompts-in-a-window.md).
 * @param context the prompt, or the prompt of the block that begins at a frame
 * @param noise for the generated frames; the given ones need none
 */
export async function* rollingForcing(
  model: Transformer,
  context: RolloutContext,
  noise: NoiseSource,
  options: RolloutOptions,
  policy: Policy = acceptAll,
): AsyncGenerator<RolloutEvent> {
  checkOptions('rollingForcing', rolloutSchema, options, PLAN_OPTIONS);
  const { device, config } = model;
  const { latent, framesPerBlock: size, window, sink, initialLatents } = options;
  const schedule = createSchedule(options.shift);
  const steps = denoisingTimesteps(schedule, options);
  const given = initialLatents?.shape[0] ?? 0;
  const plan = planBlocks(options.frames, size, given);
  checkWindow({ ...options, preset: 'rolling-forcing' }, true);
  const { gridHeight, gridWidth, tokensPerFrame } = tokenGrid(config, latent);
  const asked = checkedPolicy(policy, tokensPerFrame);
  const grid = { gridHeight, gridWidth, heads: config.num_heads };
  const shape = { layers: config.num_layers, dim: config.dim, tokensPerFrame, dtype: model.keyType };
  const capacity = Math.min(window + size, given + options.frames);
  const cache = new KvCache(device, { ...shape, capacity, sink });
  const noisy = new Map<number, Tensor>(); // latents of the window's blocks, by block, at their next step's noise
  const contextAt = contextLookup(context);
  const arena = new Arena(); // what one window makes

  const upload = (values: Float32Array) => device.upload(values, [size, config.in_dim, latent.height, latent.width]);
  const flowOf = (latents: Tensor, timesteps: number[], firstFrame: number, updatesCache: boolean): Tensor => {
    const seen = seenFrames(options, firstFrame, timesteps.length, updatesCache);
    const call = { firstFrame, framesPerBlock: size, ...seen, writes: updatesCache, grid };
    const parts = promptRuns(firstFrame, timesteps.length, size, contextAt).map(({ prompt, from, count }) => {
      const predict = () => predictFlow(model, latents, timesteps, firstFrame, prompt, rollingCall(cache, call));
      const isAll = count === timesteps.length;
      return arena.keep(device.scope(() => (isAll ? predict() : sliceFrames(predict(), from, count))));
    });
    return parts.length === 1 ? parts[0] : arena.keep(concatFrames(parts));
  };
  const clean = Array<number>(size).fill(options.contextNoise);

  try {
    for (let firstFrame = 0; firstFrame < given; firstFrame += size) {
      cache.reserve(firstFrame, size);
      const latents = arena.keep(sliceFrames(initialLatents as Tensor, firstFrame, size));
      yield { kind: 'cache', block: -1, flow: flowOf(latents, clean, firstFrame, true) };
      yield { kind: 'block', block: -1, firstFrame, latents, decision: null, cache };
      arena.free();
    }

    for (let index = 0; index < plan.generated + steps.length - 1; index++) {
      const { blocks, finishes } = planWindow(index, plan.generated, steps.length, given > 0);
      const first = blocks[0].block;
      const firstFrame = given + first * size;
      const timesteps = blocks.flatMap(({ step }) => Array<number>(size).fill(steps[step]));
      cache.reserve(firstFrame, size);

      const parts: Tensor[] = [];
      for (const { block, isFresh } of blocks) {
        const stored = noisy.get(block);
        parts.push(isFresh || !stored ? arena.keep(upload(await noise.initial(block * size, size))) : stored);
      }
      const input = arena.keep(concatFrames(parts)); // [window frames, channels, height, width]
      let x0: Tensor;
      const mark = arena.size;
      for (let attempt = 0; ; attempt++) {
        const flow = flowOf(input, timesteps, firstFrame, false);
        x0 = arena.keep(device.scope(() => x0FromFlow(schedule, input, flow, timesteps)));
        yield { kind: 'step', block: first, step: index, attempt, timesteps, input, flow, x0 };
        if (!finishes) break;
        const unstable = await asked.review(first, arena.keep(sliceFrames(x0, 0, size)));
        if (unstable.length === 0) break;
        cache.prune(unstable, firstFrame);
        arena.free(mark); // the rejected prediction
      }
      const latents = arena.keep(sliceFrames(x0, 0, size)); // the first block

      for (const [offset, { block, step }] of blocks.entries()) {
        noisy.get(block)?.dispose();
        noisy.delete(block);
        if (step === steps.length - 1) continue;
        // The official code draws noise for the whole window and uses one block of it.
        const from = offset * size;
        const fresh = arena.keep(upload(await noise.renoise(blocks.length * size, from, size)));
        const renoised = () => addNoise(schedule, sliceFrames(x0, from, size), fresh, steps[step + 1]);
        noisy.set(block, device.scope(renoised));
      }

      yield { kind: 'cache', block: first, flow: flowOf(latents, clean, firstFrame, true) };
      if (finishes) {
        const decision = await asked.accept(first, latents);
        yield { kind: 'block', block: first, firstFrame, latents, decision, cache };
      }
      arena.free();
    }
  } finally {
    arena.free();
    for (const latents of noisy.values()) latents.dispose();
    cache.dispose();
  }
}

/** What of the past a call sees. The denoising and the cache-updating calls differ, in the official code as here. */
function seenFrames(
  { window, sink, framesPerBlock: size }: RolloutOptions,
  firstFrame: number,
  frames: number,
  updatesCache: boolean,
): { recentFrames: number; anchorFrame: number | undefined } {
  if (firstFrame === 0) return { recentFrames: 0, anchorFrame: undefined };
  if (updatesCache) {
    // The last `window` frames of the cache, the block's own included; the anchor only while it is among them, in its place.
    const seesAnchor = sink > 0 && firstFrame + size <= window;
    return { recentFrames: window - size, anchorFrame: seesAnchor ? 0 : undefined };
  }
  const recentFrames = Math.min(firstFrame - sink, window - frames - sink);
  return { recentFrames, anchorFrame: sink > 0 ? firstFrame - recentFrames - sink : undefined };
}
