import { gradientOf } from '../kernels/gradient/gradientOf.js';
import { sliceFrames } from '../kernels/layout/frames.js';
import { adamStep } from '../kernels/motion/adamStep.js';
import { motionVariance, motionVarianceGradient } from '../kernels/motion/motionVariance.js';
import type { Tensor } from '../tensor/tensor.js';
import type { FlowmoOptions } from './plan/flowmoOptions.js';

/** Frames of a call that FlowMo steadies together: those of a block. */
export interface MovedFrames {
  readonly from: number;
  readonly count: number;
}

/** What FlowMo measured of a block and did to it. Maps are [height, width], one value a latent pixel. */
export interface MovedBlock extends MovedFrames {
  /** How unevenly each pixel moved in the flow that was predicted first. */
  readonly before: Tensor;
  /** The same in the flow that the call goes on with, where that was predicted anew. */
  readonly after?: Tensor;
}

/** What a call goes on with. */
export interface GuidedFlow {
  /** What it was given, moved where FlowMo moved it. */
  readonly input: Tensor;
  readonly flow: Tensor;
  /** Absent where FlowMo did nothing. */
  readonly motion?: { readonly given: Tensor; readonly blocks: readonly MovedBlock[] };
}

/**
 * Which of the blocks of a call FlowMo steadies: in their first denoising steps, block 0 or every block.
 * @param blocks in the order of their frames
 */
export function movedBlocks(
  options: FlowmoOptions | undefined,
  blocks: readonly { readonly block: number; readonly step: number; readonly frames: number }[],
): readonly MovedFrames[] {
  let from = 0;
  return blocks.flatMap(({ block, step, frames: count }) => {
    from += count;
    const isMoved = options && step < options.steps && (options.blocks === 'every-block' || block === 0);
    return isMoved && count > 1 ? [{ from: from - count, count }] : []; // one frame does not move
  });
}

/**
 * One denoising call with FlowMo, or without where it has nothing to do. FlowMo predicts the flow, measures for each latent
 * pixel how unevenly it moves, and takes one step of Adam on the noisy latents down the gradient of the largest value:
 *
 *     m = mean over channels, variance over frames of |u[f+1] - u[f]|
 *     z' = z - rate · g / (|g| + 1e-8),  g = ∂ max(m) / ∂z
 *
 * As in its paper the call then goes on from z' with a new prediction; as in its published code, with the old one.
 * Source: arXiv 2506.01144, Algorithm 1; arielshaulov/FlowMo at 5bf0c14. It was made for videos that are sampled at once;
 * what a block of a rollout makes of it is our choice (docs/decisions/018-flowmo.md).
 * @param latents noisy, [frames, channels, height, width]
 * @param predict their flow; run again to be walked back
 * @param moved which frames are measured and moved, each block on its own
 */
export function guidedFlow(
  latents: Tensor,
  predict: (latents: Tensor) => Tensor,
  options: FlowmoOptions | undefined,
  moved: readonly MovedFrames[],
): GuidedFlow {
  const { device } = latents;
  if (!options || moved.length === 0) return { input: latents, flow: device.scope(() => predict(latents)) };
  return device.scope(() => {
    const { value: first, gradient } = gradientOf(latents, predict, (flow) => {
      const cotangent = device.zeros(flow.shape);
      for (const { from, count } of moved) {
        const part = sliceFrames(flow, from, count);
        device.updateRows(cotangent, from, motionVarianceGradient(part, motionVariance(part)), 0, count);
      }
      return cotangent;
    });
    const steps = adamStep(latents, gradient, options.rate);
    const input = sliceFrames(latents, 0, latents.shape[0]);
    for (const { from, count } of moved) device.updateRows(input, from, steps, from, count);
    const flow = options.mode === 'paper' ? predict(input) : first;
    const mapOf = (of: Tensor, { from, count }: MovedFrames) => motionVariance(sliceFrames(of, from, count));
    const blocks = moved.map((frames) => ({
      ...frames,
      before: mapOf(first, frames),
      ...(flow === first ? {} : { after: mapOf(flow, frames) }),
    }));
    return { input, flow, motion: { given: latents, blocks } };
  });
}
