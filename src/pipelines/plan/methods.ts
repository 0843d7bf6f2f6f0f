import type { TextContext } from '../../models/wan/crossAttention.js';
import type { Transformer } from '../../models/wan/transformerWeights.js';
import type { Tensor } from '../../tensor/tensor.js';
import { acceptAll, type Policy } from '../../tokentrim/policy.js';
import type { NoiseSource } from '../noise/noise.js';
import { seededNoise, wanNoise } from '../noise/noise.js';
import { type EmbeddedPrompt, promptContexts } from '../prompts/promptContexts.js';
import type { RunState } from '../resume/runState.js';
import { rollingForcing } from '../rollingForcing.js';
import type { RolloutEvent, SamplingEvent } from '../rollout.js';
import { selfForcing } from '../selfForcing.js';
import { wanSampling } from '../wanSampling.js';
import type { CallTap } from '../watch/seen.js';
import type { Preset, RolloutPlan, VideoPlan, WanPlan } from './plan.js';
import { startsNoisy } from './planVideo.js';

/** What a rollout is given beside the model and the numbers of its video. */
export interface RollInputs {
  /** Of the video, in the order of their frames. */
  readonly prompts: readonly EmbeddedPrompt[];
  /** What the bidirectional model is guided away from; the others need none. */
  readonly negative?: Float32Array;
  readonly noise: NoiseSource;
  /** That a rollout in blocks asks; the caller's to dispose. */
  readonly policy?: Policy;
  /** Clean latents that the video begins with, the caller's to dispose. */
  readonly initialLatents?: Tensor;
  /** Looks into the calls of a rollout in blocks. */
  readonly tap?: CallTap;
  /** Where it goes on. */
  readonly state?: Pick<RunState, 'start' | 'samplingStart'>;
}

/** All that differs between the ways to make a video, counted or run; its numbers are decided in `planVideo.ts`. */
export interface Method<Numbers extends VideoPlan> {
  /** Blocks that it generates. */
  blocks(plan: Numbers): number;
  /** Denoising calls where nothing triggers. */
  calls(plan: Numbers): number;
  /** Re-noising draws where nothing triggers. */
  draws(plan: Numbers): number;
  /** Draws at the most where a block is generated again. */
  drawsAgain(plan: Numbers): number;
  /** Latent frames whose noise is asked for at once. */
  framesAtOnce(plan: Numbers): number;
  /** Blocks after which all that a rollout holds is there. */
  fillingBlocks(plan: Numbers): number;
  /** The noise of a seed, as the official pipeline would draw it on a CPU: frames of `channels` latent channels. */
  seedNoise(plan: Numbers, channels: number, seed: string): NoiseSource;
  roll(model: Transformer, plan: Numbers, inputs: RollInputs): AsyncGenerator<RolloutEvent | SamplingEvent>;
}

const blockwise = {
  blocks: ({ frames, framesPerBlock }: RolloutPlan) => Math.ceil(frames / framesPerBlock), // a first frame of its own is one too
  framesAtOnce: ({ framesPerBlock }: RolloutPlan) => framesPerBlock,
  fillingBlocks: ({ steps }: RolloutPlan) => steps.length,
  drawsAgain: ({ steps }: RolloutPlan) => steps.length, // initial noise too, where a policy wants a block again as it was
  seedNoise: ({ frames, latent }: RolloutPlan, channels: number, seed: string) =>
    seededNoise(seed, frames, channels * latent.height * latent.width),
};

const selfForcingMethod: Method<RolloutPlan> = {
  ...blockwise,
  calls: (plan) => (plan.frames / plan.framesPerBlock) * plan.steps.length,
  draws: (plan) => blockwise.blocks(plan) * (plan.steps.length - 1), // a block needs no noise after its last step
  roll: (model, plan, inputs) =>
    withContexts(model, inputs.prompts, 0, (context) => {
      const { noise, policy = acceptAll, initialLatents, tap, state } = inputs;
      const independentFirstFrame = plan.given?.independentFirstFrame;
      const options = { ...plan, initialLatents, independentFirstFrame, tap };
      return selfForcing(model, context, noise, options, policy, state?.start);
    }),
};

const rollingForcingMethod: Method<RolloutPlan> = {
  ...blockwise,
  calls: (plan) => plan.frames / plan.framesPerBlock + plan.steps.length - 1,
  draws(plan) {
    const blocks = blockwise.blocks(plan);
    return blocks * plan.steps.length - (startsNoisy(plan) ? blocks - 1 : blocks);
  },
  roll: (model, plan, inputs) =>
    withContexts(model, inputs.prompts, (plan.steps.length - 1) * plan.framesPerBlock, (context) => {
      const { noise, policy = acceptAll, initialLatents, tap, state } = inputs;
      return rollingForcing(model, context, noise, { ...plan, initialLatents, tap }, policy, state?.start);
    }),
};

const wanMethod: Method<WanPlan> = {
  blocks: () => 1,
  calls: ({ steps }) => steps,
  draws: () => 0,
  drawsAgain: () => 0,
  framesAtOnce: ({ frames }) => frames,
  fillingBlocks: () => 1,
  seedNoise: ({ frames, latent }, channels, seed) => wanNoise(seed, [frames, channels, latent.height, latent.width]),
  async *roll(model, plan, { prompts, negative, noise, state }) {
    const texts = negative ? [prompts[0].embeds, negative] : [prompts[0].embeds];
    const prepared = texts.map((embeds) => promptContexts(model, [{ firstFrame: 0, embeds }]));
    try {
      const [positive, away] = prepared.map((contexts) => contexts.at(0));
      yield* wanSampling(model, { positive, negative: away }, noise, plan, state?.samplingStart);
    } finally {
      for (const contexts of prepared) contexts.dispose();
    }
  },
};

const METHODS = { 'self-forcing': selfForcingMethod, 'rolling-forcing': rollingForcingMethod, wan: wanMethod } as const;

/** The method of a plan. */
export function methodOf<Numbers extends VideoPlan>({ preset }: Numbers): Method<Numbers> {
  return METHODS[preset as Preset] as unknown as Method<Numbers>;
}

/** @param lookBack latent frames before the latest block asked for whose prompts are still in use */
async function* withContexts(
  model: Transformer,
  prompts: readonly EmbeddedPrompt[],
  lookBack: number,
  roll: (context: (firstFrame: number) => TextContext) => AsyncGenerator<RolloutEvent>,
): AsyncGenerator<RolloutEvent> {
  const contexts = promptContexts(model, prompts, lookBack);
  try {
    yield* roll((firstFrame) => contexts.at(firstFrame));
  } finally {
    contexts.dispose();
  }
}
