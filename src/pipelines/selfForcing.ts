import { sliceFrames } from '../kernels/layout/frames.js';
import { blockCall, KvCache } from '../models/wan/kvCache.js';
import type { FlowTap } from '../models/wan/tap.js';
import { predictFlow, tokenGrid } from '../models/wan/transformer.js';
import type { Transformer } from '../models/wan/transformerWeights.js';
import { Arena } from '../tensor/scope.js';
import type { Tensor } from '../tensor/tensor.js';
import { checkedPolicy } from '../tokentrim/checkedPolicy.js';
import { acceptAll, answered, type Policy } from '../tokentrim/policy.js';
import { addNoise, createSchedule, denoisingTimesteps, x0FromFlow } from './flowMatching.js';
import { guidedFlow, type MovedFrames, movedBlocks } from './flowmo.js';
import type { NoiseSource } from './noise/noise.js';
import { type PlannedBlock, planBlocks } from './plan/grid.js';
import { contextLookup, type RolloutContext } from './prompts/promptContexts.js';
import { type RolloutStart, refillCache } from './resume/rolloutStart.js';
import { type Attempt, checkSelfForcing, type RolloutEvent, type SelfForcingOptions } from './rollout.js';

export type { SelfForcingOptions } from './rollout.js';

/**
 * Self Forcing: one block of latent frames after another, each denoised in a few steps over the cache of those before it,
 * then written into the cache clean. A policy may have the cache pruned and a block generated again. Frames that were
 * given are written at timestep 0 and shown to no policy: the first generated block has no predecessor.
 * Source: guandeh17/Self-Forcing pipeline/causal_inference.py CausalInferencePipeline.inference.
 * @param context the prompt, or the prompt of the block that begins at a frame
 * @param noise for the generated frames; the given ones need none
 * @param from where to go on; what was done before is not told again
 */
export async function* selfForcing(
  model: Transformer,
  context: RolloutContext,
  noise: NoiseSource,
  options: SelfForcingOptions,
  policy: Policy = acceptAll,
  from?: RolloutStart,
): AsyncGenerator<RolloutEvent> {
  checkSelfForcing(options);
  const { device, config } = model;
  const { latent, framesPerBlock, window, sink, initialLatents } = options;
  const schedule = createSchedule(options.shift);
  const steps = denoisingTimesteps(schedule, options);
  const given = initialLatents?.shape[0] ?? 0;
  const blocks = planBlocks(options.frames, framesPerBlock, given, options.independentFirstFrame);
  const { tokensPerFrame } = tokenGrid(config, latent);
  const asked = checkedPolicy(policy, tokensPerFrame);
  const contextAt = contextLookup(context);
  const { num_layers: layers, dim, num_heads: heads } = config;
  const shape = { layers, dim, heads, tokensPerFrame, dtype: model.keyType };
  const capacity = Math.min(window, given + options.frames);
  const cache = new KvCache(device, { ...shape, capacity, sink });
  const arena = new Arena(); // what one block makes

  const upload = (values: Float32Array, frames: number): Tensor =>
    arena.keep(device.upload(values, [frames, config.in_dim, latent.height, latent.width]));

  /** The block's flow over the cache; its keys and values are written into the cache on the way. */
  const flowOf = (
    latents: Tensor,
    { firstFrame, frames }: PlannedBlock,
    timestep: number,
    moved: readonly MovedFrames[] = [],
    tap?: FlowTap,
  ) => {
    const prompt = contextAt(firstFrame);
    const predict = (x: Tensor) => {
      const call = blockCall(cache, firstFrame, frames);
      return predictFlow(model, x, Array(frames).fill(timestep), firstFrame, prompt, call, tap);
    };
    const made = arena.keepAll(guidedFlow(latents, predict, options.flowmo, moved));
    return { ...made, firstFrame, seen: cache.seen((frame) => frame < firstFrame), cache };
  };

  /**
   * Denoises a block from its initial noise, until it is done or the policy wants another attempt.
   * @param before the attempt that was rejected; where nothing was pruned and no noise is drawn before the review, only other
   *   initial noise can make another one (our choice: docs/decisions/016-control-policies.md)
   */
  async function* attemptBlock(
    planned: PlannedBlock,
    attempt: number,
    before?: Attempt,
  ): AsyncGenerator<RolloutEvent, Attempt> {
    const { block, firstFrame, frames } = planned;
    const reviewedStep = asked.check === 'first-step' ? 0 : steps.length - 1;
    const isRepeat = reviewedStep === 0 && before?.unstable.length === 0;
    let input = upload(
      isRepeat ? await noise.renoise(frames, 0, frames) : await noise.initial(firstFrame - given, frames),
      frames,
    );
    for (let step = 0; ; step++) {
      const timesteps = Array<number>(frames).fill(steps[step]);
      const blocks = [{ block, step, frames }];
      const tap = options.tap?.({ attempt, step, firstFrame, blocks });
      const made = flowOf(input, planned, steps[step], movedBlocks(options.flowmo, blocks), tap);
      const x0 = arena.keep(device.scope(() => x0FromFlow(schedule, made.input, made.flow, timesteps)));
      yield { kind: 'step', block, step, attempt, timesteps, x0, ...made };

      const isReviewed = step === reviewedStep;
      const answer = answered(isReviewed ? await asked.review(block, x0) : []);
      if (isReviewed) yield { kind: 'review', block, attempt, latents: x0, ...answer, measured: asked.latest };
      if (answer.again || step === steps.length - 1) return { x0, ...answer };
      const fresh = upload(await noise.renoise(frames, 0, frames), frames);
      input = arena.keep(device.scope(() => addNoise(schedule, x0, fresh, steps[step + 1])));
    }
  }

  try {
    await refillCache(cache, from, (latents, planned) => {
      flowOf(latents, planned, planned.block < 0 ? 0 : options.contextNoise);
      arena.free();
    });

    for (const planned of from ? [] : blocks.given) {
      const { block, firstFrame, frames } = planned;
      cache.reserve(firstFrame, frames);
      const latents = arena.keep(sliceFrames(initialLatents as Tensor, firstFrame, frames));
      yield { kind: 'cache', block, ...flowOf(latents, planned, 0) };
      yield { kind: 'block', block, firstFrame, latents, decision: null, cache };
      arena.free();
    }

    for (const planned of blocks.generated) {
      const { block, firstFrame, frames } = planned;
      if (from && block < from.next) continue;
      cache.reserve(firstFrame, frames);
      let tried = yield* attemptBlock(planned, 0);
      for (let attempt = 1; tried.again; attempt++) {
        cache.prune(tried.unstable, firstFrame);
        arena.free(); // the rejected attempt
        tried = yield* attemptBlock(planned, attempt, tried);
      }
      const latents = tried.x0;

      // The block once more, clean: its keys and values replace the noisy ones.
      yield { kind: 'cache', block, ...flowOf(latents, planned, options.contextNoise) };
      const decision = await asked.accept(block, latents);
      yield { kind: 'block', block, firstFrame, latents, decision, cache };
      arena.free();
    }
  } finally {
    arena.free();
    cache.dispose();
  }
}
