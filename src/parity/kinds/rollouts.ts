import * as z from 'zod';
import { sliceFrames } from '../../kernels/layout/frames.js';
import { patchSize } from '../../models/wan/transformer.js';
import type { Transformer } from '../../models/wan/transformerWeights.js';
import { createSchedule, denoisingTimesteps } from '../../pipelines/flowMatching.js';
import type { NoiseSource } from '../../pipelines/noise/noise.js';
import { fileNoise } from '../../pipelines/noise/recordedNoise.js';
import { rollingForcing } from '../../pipelines/rollingForcing.js';
import type { RolloutEvent, RolloutOptions, StepEvent } from '../../pipelines/rollout.js';
import { selfForcing } from '../../pipelines/selfForcing.js';
import { Arena, disposeAll } from '../../tensor/scope.js';
import type { Tensor } from '../../tensor/tensor.js';
import { acceptAll, type Policy } from '../../tokentrim/policy.js';
import { tokenTrim } from '../../tokentrim/tokenTrim.js';
import type { ParityInput, ParityItem } from './input.js';
import { cacheOutputs, openTransformer, output, parseConfig, uploadInput } from './model.js';

const tokentrimSchema = z.object({
  pruning_fraction: z.number(),
  sensitivity: z.number(),
  warmup: z.int(),
  max_regenerations: z.int(),
  check: z.enum(['final', 'first-step']),
});

const rolloutSchema = z.object({
  latent_hw: z.tuple([z.int(), z.int()]),
  num_frame_per_block: z.int().positive(),
  kv_cache_frames: z.int().positive(),
  max_attention_frames: z.int().positive().optional(),
  sink_size: z.int().min(0).optional(),
  denoising_step_list: z.array(z.number()),
  warp_denoising_step: z.boolean(),
  timestep_shift: z.number(),
  context_noise: z.number(),
  independent_first_frame: z.boolean().optional(),
  noise_frames: z.int().positive(),
  initial_frames: z.int().min(0).optional(),
  tokentrim: tokentrimSchema.optional(),
});

/** Self Forcing, with TokenTrim where the case has it. */
export async function* selfForcingRollout(input: ParityInput): AsyncGenerator<ParityItem> {
  const settings = parseConfig(rolloutSchema, input);
  const { model, context } = await openTransformer(input);
  const initialLatents = settings.initial_frames
    ? await uploadInput(input.device, input.inputs, 'initial_latent')
    : undefined;
  const options = {
    ...rolloutOptions(settings),
    window: settings.kv_cache_frames,
    sink: settings.sink_size ?? 0,
    initialLatents,
    independentFirstFrame: settings.independent_first_frame,
  };
  const rollout = selfForcing(model, context, recordedNoise(input, settings), options, trimPolicy(settings, model));
  let call = 0;
  yield* compareRollout(input, settings, rollout, model, (event) => {
    if (event.kind === 'block' || event.kind === 'review') return {};
    const name = `call${pad(call++, 3)}`;
    if (event.kind === 'cache') return { [`${name}.flow`]: event.flow };
    return { [`${name}.input`]: event.input, [`${name}.flow`]: event.flow, [`${name}.x0`]: event.x0 };
  });
}

/** Rolling Forcing, with TokenTrim where the case has it. */
export async function* rollingForcingRollout(input: ParityInput): AsyncGenerator<ParityItem> {
  const settings = parseConfig(rolloutSchema, input);
  const { model, context } = await openTransformer(input);
  const size = settings.num_frame_per_block;
  const window = settings.max_attention_frames ?? settings.kv_cache_frames - size;
  const options = { ...rolloutOptions(settings), window, sink: size };
  const rollout = rollingForcing(model, context, recordedNoise(input, settings), options, trimPolicy(settings, model));
  let index = 0;
  yield* compareRollout(input, settings, rollout, model, (event) => {
    if (event.kind === 'block' || event.kind === 'review') return {};
    if (event.kind === 'cache') return { [`window${pad(index++, 2)}.update_flow`]: event.flow };
    const name = `window${pad(event.step, 2)}`;
    return { [`${name}.input`]: event.input, [`${name}.denoised_pred`]: event.x0 };
  });
}

const pad = (value: number, digits: number) => String(value).padStart(digits, '0');

function rolloutOptions(settings: z.infer<typeof rolloutSchema>): Omit<RolloutOptions, 'window' | 'sink'> {
  const [height, width] = settings.latent_hw;
  return {
    latent: { height, width },
    frames: settings.noise_frames,
    framesPerBlock: settings.num_frame_per_block,
    steps: settings.denoising_step_list,
    warp: settings.warp_denoising_step,
    shift: settings.timestep_shift,
    contextNoise: settings.context_noise,
  };
}

function trimPolicy({ tokentrim }: z.infer<typeof rolloutSchema>, { config }: Transformer): Policy {
  if (!tokentrim) return acceptAll;
  return tokenTrim(patchSize(config), {
    fraction: tokentrim.pruning_fraction,
    sensitivity: tokentrim.sensitivity,
    warmup: tokentrim.warmup,
    maxRegenerations: tokentrim.max_regenerations,
    check: tokentrim.check,
  });
}

/** The case's noise, in the order in which it was drawn. */
function recordedNoise({ inputs }: ParityInput, { noise_frames }: z.infer<typeof rolloutSchema>): NoiseSource {
  return fileNoise(inputs, inputs.info('noise').shape.slice(-3), noise_frames);
}

/** Turns a rollout's events into outputs: what `named` finds in each, then what all rollouts have in common. */
async function* compareRollout(
  input: ParityInput,
  settings: z.infer<typeof rolloutSchema>,
  rollout: AsyncGenerator<RolloutEvent>,
  model: Transformer,
  named: (event: RolloutEvent) => Record<string, Tensor>,
): AsyncGenerator<ParityItem> {
  const wanted = new Set(input.outputNames);
  const slices = new Arena();
  const frames: ArrayLike<number>[] = [];
  const lastFrame = settings.noise_frames + (settings.initial_frames ?? 0);
  for await (const event of rollout) {
    const tensors = {
      ...named(event),
      ...(settings.tokentrim && event.kind === 'step' ? attempts(event, settings, slices) : {}),
    };
    for (const [name, tensor] of Object.entries(tensors)) if (wanted.has(name)) yield output(name, tensor);
    slices.free();
    if (event.kind !== 'block') continue;

    const { latents, decision, cache, block } = event;
    frames.push(await input.device.read(latents));
    if (settings.tokentrim && decision) {
      const drift = `block${pad(block, 2)}.drift`;
      if (wanted.has(drift)) yield { name: drift, actual: decision.drift ?? [], shape: [decision.drift?.length ?? 0] };
      yield { decision, rowsKept: cache.frames.map(({ tokens }) => tokens) };
    }
    if (event.firstFrame + latents.shape[0] === lastFrame) {
      const values = Float64Array.from(frames.flatMap((part) => Array.from(part)));
      yield { name: 'latents', actual: values, shape: [1, lastFrame, ...latents.shape.slice(1)] };
      yield* cacheOutputs(cache, (part, layer) => `final_cache_${part}.layer${layer}`, model.config.num_heads);
    }
  }
  disposeAll(model.weights);
  const steps = denoisingTimesteps(createSchedule(settings.timestep_shift), rolloutOptions(settings));
  yield { name: 'denoising_step_list', actual: steps, shape: [steps.length] };
}

/** What the TokenTrim cases keep of a step: the first prediction, the candidate, and the block made again. */
function attempts(event: StepEvent, settings: z.infer<typeof rolloutSchema>, slices: Arena): Record<string, Tensor> {
  const name = `block${pad(event.block, 2)}`;
  const size = settings.num_frame_per_block;
  const isWindow = settings.max_attention_frames !== undefined;
  const finishes = isWindow
    ? event.step >= settings.denoising_step_list.length - 1
    : event.step === settings.denoising_step_list.length - 1;
  const first = slices.keep(sliceFrames(event.x0, 0, size));
  return {
    ...(event.step === 0 && event.attempt === 0 && !isWindow ? { [`${name}.first_step`]: first } : {}),
    ...(finishes ? { [`${name}.${event.attempt === 0 ? 'candidate' : 'regenerated'}`]: first } : {}),
  };
}
