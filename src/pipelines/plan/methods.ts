import type { TextContext } from '../../models/wan/crossAttention.js';
import type { Transformer } from '../../models/wan/weights.js';
import type { Tensor } from '../../tensor/tensor.js';
import { acceptAll, type Policy } from '../../tokentrim/policy.js';
import type { NoiseSource } from '../noise/noise.js';
import { type EmbeddedPrompt, promptContexts } from '../prompts/promptContexts.js';
import { rollingForcing } from '../rollingForcing.js';
import type { RolloutEvent, SamplingEvent } from '../rollout.js';
import { selfForcing } from '../selfForcing.js';
import { wanSampling } from '../wanSampling.js';
import type { Plan, WanPlan } from './plan.js';

/**
 * The rollout of a plan, by its preset.
 * @param prompts of the video, in the order of their frames
 * @param negative what the bidirectional model is guided away from; unused by the others
 * @param policy that a rollout in blocks asks; the caller's to dispose
 * @param initialLatents clean latents that the video begins with, the caller's to dispose
 */
export async function* roll(
  model: Transformer,
  plan: Plan,
  prompts: readonly EmbeddedPrompt[],
  negative: Float32Array,
  noise: NoiseSource,
  policy: Policy = acceptAll,
  initialLatents?: Tensor,
): AsyncGenerator<RolloutEvent | SamplingEvent> {
  if (plan.preset === 'wan') {
    yield* sampleVideo(model, plan, prompts[0].embeds, negative, noise);
    return;
  }
  const isRolling = plan.preset === 'rolling-forcing';
  const contexts = promptContexts(model, prompts, isRolling ? (plan.steps.length - 1) * plan.framesPerBlock : 0);
  const context = (firstFrame: number): TextContext => contexts.at(firstFrame);
  try {
    if (isRolling) yield* rollingForcing(model, context, noise, { ...plan, initialLatents }, policy);
    else {
      const independentFirstFrame = plan.given?.independentFirstFrame;
      yield* selfForcing(model, context, noise, { ...plan, initialLatents, independentFirstFrame }, policy);
    }
  } finally {
    contexts.dispose();
  }
}

async function* sampleVideo(
  model: Transformer,
  plan: WanPlan,
  prompt: Float32Array,
  negativePrompt: Float32Array,
  noise: NoiseSource,
): AsyncGenerator<SamplingEvent> {
  const prepared = [prompt, negativePrompt].map((embeds) => promptContexts(model, [{ firstFrame: 0, embeds }]));
  try {
    const [positive, negative] = prepared.map((contexts) => contexts.at(0));
    yield* wanSampling(model, { positive, negative }, noise, plan);
  } finally {
    for (const contexts of prepared) contexts.dispose();
  }
}
