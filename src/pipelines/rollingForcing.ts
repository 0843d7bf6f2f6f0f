import { ensure } from '../errors.js';
import { concatFrames, sliceFrames } from '../kernels/frames.js';
import type { TextContext } from '../models/wan/crossAttention.js';
import { KvCache } from '../models/wan/kvCache.js';
import { rollingCall } from '../models/wan/rollingCall.js';
import { predictFlow, tokenGrid } from '../models/wan/transformer.js';
import type { Transformer } from '../models/wan/weights.js';
import { Arena } from '../tensor/scope.js';
import type { Tensor } from '../tensor/tensor.js';
import { acceptAll, type Policy } from '../tokentrim/policy.js';
import type { NoiseSource } from './noise.js';
import { planBlocks } from './planBlocks.js';
import type { RolloutEvent } from './rolloutEvent.js';
import type { RolloutOptions } from './rolloutOptions.js';
import { addNoise, x0FromFlow } from './sampling.js';
import { createSchedule, denoisingTimesteps } from './schedule.js';

/**
 * Rolling Forcing: a window of as many blocks as there are denoising steps slides over the video, its blocks noisier
 * from first to last. Each call denoises the whole window by one step; then the first block is written into the cache,
 * and when it has had its last step it joins the video. The first block of all is the anchor: cached without rotation
 * and seen right before the recent frames, wherever the window is.
 * Source: TencentARC/RollingForcing pipeline/causal_inference.py CausalInferencePipeline.inference_rolling_forcing.
 *
 * A block is checked in the one call that finishes it, so both of a policy's checks are the same here (our choice).
 */
export async function* rollingForcing(
  model: Transformer,
  context: TextContext,
  noise: NoiseSource,
  options: RolloutOptions,
  policy: Policy = acceptAll,
): AsyncGenerator<RolloutEvent> {
  const { device, config } = model;
  const { latent, framesPerBlock: size, window, sink } = options;
  const schedule = createSchedule(options.shift);
  const steps = denoisingTimesteps(schedule, options);
  const blockCount = planBlocks(options.frames, size).length;
  checkWindow(options);
  const { gridHeight, gridWidth, tokensPerFrame } = tokenGrid(config, latent);
  const grid = { gridHeight, gridWidth, heads: config.num_heads };
  const shape = { layers: config.num_layers, dim: config.dim, tokensPerFrame };
  const capacity = Math.min(window + size, options.frames);
  const cache = new KvCache(device, { ...shape, capacity, sink, spare: sink });
  const noisy = new Map<number, Tensor>(); // latents of the window's blocks, by block, at their next step's noise
  const arena = new Arena(); // what one window makes

  const upload = (values: Float32Array) => device.upload(values, [size, config.in_dim, latent.height, latent.width]); // [size, channels, height, width]
  const flowOf = (latents: Tensor, timesteps: number[], firstFrame: number, updatesCache: boolean): Tensor =>
    arena.keep(
      device.scope(() => {
        const seen = seenFrames(options, firstFrame, timesteps.length, updatesCache);
        const call = { firstFrame, framesPerBlock: size, ...seen, writes: updatesCache, grid };
        return predictFlow(model, latents, timesteps, firstFrame, context, rollingCall(cache, call));
      }),
    );

  try {
    for (let index = 0; index < blockCount + steps.length - 1; index++) {
      const start = Math.max(0, index - steps.length + 1);
      const end = Math.min(blockCount - 1, index);
      const blocks = Array.from({ length: end - start + 1 }, (_, offset) => start + offset);
      const firstFrame = start * size;
      const finishes = index >= steps.length - 1; // whether the first block takes its last step here
      // While the window grows at the start, and when it is full, its last block is at the first step; at the end of the
      // video its first block is at the last step.
      const isGrowing = start === 0 || blocks.length === steps.length;
      const stepOf = (block: number) => (start === 0 ? end - block : steps.length - 1 - (block - start));
      const timesteps = blocks.flatMap((block) => Array<number>(size).fill(steps[stepOf(block)]));
      cache.reserve(firstFrame, size);

      const initial = isGrowing ? arena.keep(upload(await noise.initial(end * size, size))) : undefined;
      const parts = blocks.map((block) => (block === end && initial) || (noisy.get(block) as Tensor));
      const input = arena.keep(concatFrames(parts));
      let x0: Tensor;
      for (let attempt = 0; ; attempt++) {
        const flow = flowOf(input, timesteps, firstFrame, false);
        x0 = arena.keep(device.scope(() => x0FromFlow(schedule, input, flow, timesteps)));
        yield { kind: 'step', block: start, step: index, attempt, timesteps, input, flow, x0 };
        if (!finishes) break;
        const unstable = await policy.review(start, arena.keep(sliceFrames(x0, 0, size)));
        if (unstable.length === 0) break;
        cache.prune(unstable, firstFrame);
      }
      const latents = arena.keep(sliceFrames(x0, 0, size)); // the first block

      for (const block of blocks) {
        noisy.get(block)?.dispose();
        noisy.delete(block);
        if (stepOf(block) === steps.length - 1) continue;
        // The official code draws noise for the whole window and uses one block of it.
        const offset = (block - start) * size;
        const fresh = arena.keep(upload(await noise.renoise(blocks.length * size, offset, size)));
        const next = steps[stepOf(block) + 1];
        noisy.set(
          block,
          device.scope(() => addNoise(schedule, sliceFrames(x0, offset, size), fresh, next)),
        );
      }

      const clean = Array<number>(size).fill(options.contextNoise);
      yield { kind: 'cache', block: start, flow: flowOf(latents, clean, firstFrame, true) };
      if (finishes) {
        yield {
          kind: 'block',
          block: start,
          firstFrame,
          latents,
          decision: await policy.accept(start, latents),
          cache,
        };
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

function checkWindow({ steps, framesPerBlock, window, sink }: RolloutOptions): void {
  ensure(
    sink === 0 || sink === framesPerBlock,
    `Rolling Forcing anchors its first block: --sink must be ${framesPerBlock} (or 0 for none), found ${sink}`,
  );
  const needed = steps.length * framesPerBlock + sink;
  ensure(
    window >= needed && window % framesPerBlock === 0,
    `Rolling Forcing with ${steps.length} steps rolls ${steps.length * framesPerBlock} frames beside an anchor of ` +
      `${sink}: --window must be a multiple of ${framesPerBlock} and at least ${needed}, found ${window}`,
  );
}
