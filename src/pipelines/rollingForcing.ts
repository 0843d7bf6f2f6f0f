import { sliceFrames } from '../kernels/layout/frames.js';
import { KvCache } from '../models/wan/kvCache.js';
import { rollingCall, rollingPast } from '../models/wan/rollingCall.js';
import type { FlowTap } from '../models/wan/tap.js';
import { predictFlow, tokenGrid } from '../models/wan/transformer.js';
import type { Transformer } from '../models/wan/transformerWeights.js';
import { Arena } from '../tensor/scope.js';
import type { Tensor } from '../tensor/tensor.js';
import { checkedPolicy } from '../tokentrim/checkedPolicy.js';
import { acceptAll, answered, type Policy } from '../tokentrim/policy.js';
import { createSchedule, denoisingTimesteps, x0FromFlow } from './flowMatching.js';
import { guidedFlow, type MovedFrames, movedBlocks } from './flowmo.js';
import type { NoiseSource } from './noise/noise.js';
import { NoisyCache } from './noise/noisyCache.js';
import { planBlocks } from './plan/grid.js';
import { type PlannedWindow, planWindows, seenFrames } from './plan/rollingWindow.js';
import {
  contextLookup,
  eachByItsPrompt,
  type PromptRun,
  promptRuns,
  type RolloutContext,
} from './prompts/promptContexts.js';
import { type RolloutStart, refillCache } from './resume/rolloutStart.js';
import { type Attempt, checkRollingForcing, type RolloutEvent, type RolloutOptions } from './rollout.js';

/**
 * Rolling Forcing: a window of as many blocks as there are denoising steps slides over the video, its blocks noisier
 * from first to last. Each call denoises the whole window by one step; then the first block is written into the cache,
 * and when it has had its last step it joins the video. The first block of all is the anchor: cached without rotation
 * and seen right before the recent frames, wherever the window is.
 * Source: TencentARC/RollingForcing pipeline/rolling_forcing_inference.py CausalInferencePipeline.inference_rolling_forcing.
 *
 * A block is checked in the one call that finishes it, so both of a policy's checks are the same here (our choice).
 * Blocks that were given go straight into the cache, as if they had been generated, and the window starts behind them
 * (docs/decisions/007-given-frames.md).
 * @param context the prompt, or the prompt of the block that begins at a frame
 * @param noise for the generated frames; the given ones need none
 * @param from where to go on; what was done before is not told again
 */
export async function* rollingForcing(
  model: Transformer,
  context: RolloutContext,
  noise: NoiseSource,
  options: RolloutOptions,
  policy: Policy = acceptAll,
  from?: RolloutStart,
): AsyncGenerator<RolloutEvent> {
  checkRollingForcing(options);
  const { device, config } = model;
  const { latent, framesPerBlock: size, window, sink, initialLatents } = options;
  const schedule = createSchedule(options.shift);
  const steps = denoisingTimesteps(schedule, options);
  const given = initialLatents?.shape[0] ?? 0;
  const blocks = planBlocks(options.frames, size, given);
  const { gridHeight, gridWidth, tokensPerFrame } = tokenGrid(config, latent);
  const grid = { gridHeight, gridWidth, heads: config.num_heads };
  const asked = checkedPolicy(policy, tokensPerFrame);
  const contextAt = contextLookup(context);
  const clean = Array<number>(size).fill(options.contextNoise); // timesteps of a block that is written into the cache
  const { num_layers: layers, dim, num_heads: heads } = config;
  const shape = { layers, dim, heads, tokensPerFrame, dtype: model.keyType };
  const capacity = Math.min(window + size, given + options.frames);
  const cache = new KvCache(device, { ...shape, capacity, sink });
  const noisy = new NoisyCache(device, noise, schedule, steps, [size, config.in_dim, latent.height, latent.width]);
  const arena = new Arena(); // what one window makes

  /** The flow of consecutive frames over the cache; the first block's keys and values are written where asked. */
  const flowOf = (
    latents: Tensor,
    firstFrame: number,
    timesteps: readonly number[],
    updatesCache: boolean,
    moved: readonly MovedFrames[] = [],
    tapOf?: (kept: PromptRun) => FlowTap | undefined,
  ) => {
    const past = seenFrames(options, firstFrame, timesteps.length, updatesCache);
    const call = { firstFrame, framesPerBlock: size, ...past, writes: updatesCache, grid };
    const runs = promptRuns(firstFrame, timesteps.length, size, contextAt);
    const predict = (x: Tensor) =>
      eachByItsPrompt(device, runs, (run) =>
        predictFlow(model, x, timesteps, firstFrame, run.prompt, rollingCall(cache, call), tapOf?.(run)),
      );
    const made = arena.keepAll(guidedFlow(latents, predict, options.flowmo, moved));
    return { ...made, firstFrame, seen: rollingPast(cache, call), cache };
  };

  /**
   * Denoises a window by one step; the policy may want another attempt where that finishes its first block.
   * @param before the attempt that was rejected; where nothing was pruned, the same input would give the same again
   */
  async function* attemptWindow(
    planned: PlannedWindow,
    attempt: number,
    before?: Attempt,
  ): AsyncGenerator<RolloutEvent, Attempt> {
    const { block } = planned.blocks[0];
    const timesteps = planned.blocks.flatMap(({ step }) => Array<number>(size).fill(steps[step]));
    const isRepeat = before?.unstable.length === 0;
    const input = arena.keep(await (isRepeat ? noisy.redrawn(planned) : noisy.latents(planned))); // [window frames, channels, height, width]
    const firstFrame = given + block * size;
    const blocks = planned.blocks.map((each) => ({ ...each, frames: size }));
    const tapOf = (kept: PromptRun) => options.tap?.({ attempt, step: planned.index, firstFrame, blocks, kept });
    const made = flowOf(input, firstFrame, timesteps, false, movedBlocks(options.flowmo, blocks), tapOf);
    const x0 = arena.keep(device.scope(() => x0FromFlow(schedule, made.input, made.flow, timesteps)));
    yield { kind: 'step', block, step: planned.index, attempt, timesteps, x0, ...made };
    if (!planned.finishes) return { x0, ...answered([]) };
    const latents = arena.keep(sliceFrames(x0, 0, size));
    const answer = answered(await asked.review(block, latents));
    yield { kind: 'review', block, attempt, latents, ...answer, measured: asked.latest };
    return { x0, ...answer };
  }

  try {
    noisy.restore(from?.flight ?? []);
    await refillCache(cache, from, (latents, { firstFrame }) => {
      flowOf(latents, firstFrame, clean, true);
      arena.free();
    });

    for (const { block, firstFrame, frames } of from ? [] : blocks.given) {
      cache.reserve(firstFrame, frames);
      const latents = arena.keep(sliceFrames(initialLatents as Tensor, firstFrame, frames));
      yield { kind: 'cache', block, ...flowOf(latents, firstFrame, clean, true) };
      yield { kind: 'block', block, firstFrame, latents, decision: null, cache };
      arena.free();
    }

    for (const planned of planWindows(blocks.generated.count, steps.length, given > 0)) {
      const { block } = planned.blocks[0];
      if (from && block < from.next) continue;
      const firstFrame = given + block * size;
      cache.reserve(firstFrame, size);
      let tried = yield* attemptWindow(planned, 0);
      for (let attempt = 1; tried.again; attempt++) {
        cache.prune(tried.unstable, firstFrame);
        arena.free(); // the rejected attempt
        tried = yield* attemptWindow(planned, attempt, tried);
      }
      const latents = arena.keep(sliceFrames(tried.x0, 0, size)); // the first block
      await noisy.renoise(planned, tried.x0);

      yield { kind: 'cache', block, ...flowOf(latents, firstFrame, clean, true) };
      if (planned.finishes) {
        const decision = await asked.accept(block, latents);
        yield { kind: 'block', block, firstFrame, latents, decision, cache, flight: noisy.flight };
      }
      arena.free();
    }
  } finally {
    arena.free();
    noisy.dispose();
    cache.dispose();
  }
}
