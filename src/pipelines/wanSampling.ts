import { ensure } from '../errors.js';
import { weightedSum } from '../kernels/elementwise/weightedSum.js';
import type { TextContext } from '../models/wan/crossAttention.js';
import { predictVideoFlow } from '../models/wan/transformer.js';
import type { Transformer } from '../models/wan/transformerWeights.js';
import { checkOptions } from '../options/checkOptions.js';
import { uploadHost } from '../tensor/hostTensor.js';
import { Arena } from '../tensor/scope.js';
import type { Tensor } from '../tensor/tensor.js';
import { acceptAll } from '../tokentrim/policy.js';
import { guidedFlow, movedBlocks } from './flowmo.js';
import type { NoiseSource } from './noise/noise.js';
import { type WanOptions, wanSchema } from './plan/wanOptions.js';
import type { SamplingStart } from './resume/rolloutStart.js';
import { PLAN_OPTIONS, type SamplingEvent, type StepEvent } from './rollout.js';
import { createSolver } from './solvers/createSolver.js';

/** A prompt, and what to guide away from: needed unless the guidance scale is 1. */
export interface GuidanceContexts {
  readonly positive: TextContext;
  readonly negative?: TextContext;
}

/**
 * The bidirectional model: all frames at once from noise to a video, with classifier-free guidance
 * (arXiv 2207.12598). Yields a `step` for every step, then the video as one `block`.
 * Source: Wan-Video/Wan2.1 wan/text2video.py WanT2V.generate.
 * @param noise asked once, for the initial noise of all frames
 * @param from where to go on; what was done before is not told again
 */
export async function* wanSampling(
  model: Transformer,
  { positive, negative }: GuidanceContexts,
  noise: NoiseSource,
  options: WanOptions,
  from?: SamplingStart,
): AsyncGenerator<SamplingEvent> {
  checkOptions('wanSampling', wanSchema, options, PLAN_OPTIONS);
  const { device, config } = model;
  const { latent, frames, guidance, flowmo } = options;
  ensure(
    guidance === 1 || negative !== undefined,
    `a guidance scale of ${guidance} needs a negative prompt: give one, an empty one too, or use a scale of 1`,
  );
  const solver = createSolver(options.solver, options.steps, options.shift);
  const shape = [frames, config.in_dim, latent.height, latent.width];
  const arena = new Arena(); // what one step makes

  /** The flow that a step takes, and what it was guided from. */
  const predict = (latents: Tensor, timestep: number): Pick<StepEvent, 'flow' | 'guided'> => {
    const towards = predictVideoFlow(model, latents, timestep, positive);
    if (guidance === 1 || !negative) return { flow: towards };
    const away = predictVideoFlow(model, latents, timestep, negative);
    const flow = weightedSum([
      [1 - guidance, away],
      [guidance, towards],
    ]);
    return { flow, guided: { positive: towards, negative: away } };
  };

  solver.restore(from?.kept.map((kept) => kept && uploadHost(device, kept)) ?? []);
  let latents = from ? uploadHost(device, from.latents) : device.upload(await noise.initial(0, frames), shape);
  try {
    for (const [step, timestep] of solver.timesteps.entries()) {
      if (from && step < from.step) continue;
      const input = arena.keep(latents);
      const moved = movedBlocks(flowmo, [{ block: 0, step, frames }]);
      const made = arena.keepAll(
        moved.length > 0
          ? guidedFlow(input, (x) => predict(x, timestep).flow, flowmo, moved)
          : { input, ...device.scope(() => predict(input, timestep)) },
      );
      const { next, x0 } = solver.step(step, made.input, made.flow);
      latents = next;
      await device.synchronize(); // or all steps would be queued at once, and neither progress nor Ctrl-C be seen
      const timesteps = Array<number>(frames).fill(timestep);
      const after = { latents, kept: solver.kept };
      yield { kind: 'step', block: 0, step, attempt: 0, firstFrame: 0, timesteps, x0, ...made, after };
      arena.free();
    }
    solver.dispose();
    const decision = await acceptAll.accept(0, latents);
    yield { kind: 'block', block: 0, firstFrame: 0, latents, decision };
  } finally {
    arena.free();
    solver.dispose();
    latents.dispose();
  }
}
