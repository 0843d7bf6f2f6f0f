import * as z from 'zod';
import { transformerSchema } from '../../models/wan/config.js';
import { prepareContext } from '../../models/wan/crossAttention.js';
import { predictVideoFlow } from '../../models/wan/transformer.js';
import { loadTransformer } from '../../models/wan/transformerWeights.js';
import type { NoiseSource } from '../../pipelines/noise/noise.js';
import { wanOptions } from '../../pipelines/plan/wanOptions.js';
import { createSolver, SOLVER_NAMES } from '../../pipelines/solvers/createSolver.js';
import { wanSampling } from '../../pipelines/wanSampling.js';
import { disposeAll } from '../../tensor/scope.js';
import type { ParityInput, ParityItem } from './input.js';
import { parseConfig } from './model.js';
import { uploadPrompt, uploadVideo, videoOutput } from './wanLayout.js';

const schema = z.object({
  runs: z
    .array(
      z.object({
        solver: z.enum(SOLVER_NAMES),
        shift: z.number().positive(),
        steps: z.int().positive(),
        guide: z.number(),
      }),
    )
    .min(1),
});

/** Parity kind `wan-t2v-sampling`: the bidirectional model from noise to latents, with both of its solvers. */
export async function* wanT2vSampling(input: ParityInput): AsyncGenerator<ParityItem> {
  const { device, inputs } = input;
  const { runs } = parseConfig(schema, input);
  const config = parseConfig(transformerSchema, input);
  const model = await loadTransformer(device, input.weights, config, input.types);
  const contextOf = async (name: string) => {
    const prompt = await uploadPrompt(device, inputs, name, config.text_len);
    const context = prepareContext(model, prompt);
    prompt.dispose();
    return context;
  };
  const contexts = { positive: await contextOf('context'), negative: await contextOf('context_null') };

  for (const [index, { solver, shift, steps, guide: guidance }] of runs.entries()) {
    const run = `run${index}`;
    const { timesteps } = createSolver(solver, steps, shift);
    yield { name: `${run}.timesteps`, actual: timesteps, shape: [timesteps.length] };

    const initial = await uploadVideo(device, inputs, `${run}.noise`);
    const [frames, , height, width] = initial.shape;
    const noise: NoiseSource = {
      initial: async () => Float32Array.from(await device.read(initial)),
      renoise: async () => new Float32Array(0),
    };
    const options = wanOptions({ height, width }, frames, { solver, shift, steps, guidance });
    for await (const event of wanSampling(model, contexts, noise, options)) {
      if (event.kind === 'block') {
        yield videoOutput(`${run}.latent`, event.latents);
        continue;
      }
      const { input: latents, flow, guided } = event;
      const step = `${run}.step${String(event.step).padStart(2, '0')}`;
      yield videoOutput(`${step}.latent`, latents);
      yield videoOutput(`${step}.flow_cond`, guided?.positive ?? flow);
      // The official code asks twice even where the scale is 1.
      const [timestep] = event.timesteps;
      const negative = guided?.negative ?? predictVideoFlow(model, latents, timestep, contexts.negative);
      yield videoOutput(`${step}.flow_uncond`, negative);
      negative.dispose();
    }
    initial.dispose();
  }
  disposeAll([contexts, model.weights]);
}
