import { ensure } from '../errors.js';
import type { ModelConfig } from '../models/wan/config.js';
import type { KvCache } from '../models/wan/kvCache.js';
import type { Model } from '../models/wan/model.js';
import { freeVaeEncoder, loadVaeEncoder } from '../models/wan/vae/encoderWeights.js';
import { createVaeEncodeStream } from '../models/wan/vae/encodeStream.js';
import { loadTransformer } from '../models/wan/weights.js';
import type { Device } from '../tensor/device.js';
import { disposeAll } from '../tensor/scope.js';
import type { Tensor } from '../tensor/tensor.js';
import { areFinite, blockNotFinite } from '../tokentrim/notFinite.js';
import type { Decision } from '../tokentrim/policy.js';
import type { NoiseSource } from './noise/noise.js';
import { seededNoise } from './noise/seededNoise.js';
import { wanNoise } from './noise/wanNoise.js';
import { type BlockDecoder, openDecoder } from './pictures/blockDecoder.js';
import { encodeGivenFrames, type GivenPlan } from './pictures/givenFrames.js';
import type { Picture } from './pictures/pictures.js';
import { choosePolicy } from './plan/choosePolicy.js';
import { checkRequest, type GenerateRequest } from './plan/generateRequest.js';
import { checkPrompt, checkScheduled } from './plan/inputChecks.js';
import { roll } from './plan/methods.js';
import { type Plan, planRollout, type RolloutPlan } from './plan/plan.js';
import { vaeFactors } from './plan/planSize.js';
import { type WeightTypes, weightTypes } from './plan/weightTypes.js';
import { WAN_NEGATIVE_PROMPT } from './prompts/negativePrompt.js';
import { embedPrompts } from './prompts/promptEmbeddings.js';
import { parsePromptSchedule, type ScheduledPrompt } from './prompts/promptSchedule.js';

export type { GenerateRequest } from './plan/generateRequest.js';

/**
 * What a generation did, in order: a stage began, a denoising call was made, a block was accepted (its latents are valid
 * until the generator is resumed), pictures were made.
 */
export type GenerateEvent =
  | { readonly kind: 'stage'; readonly stage: Stage; readonly plan: Plan }
  | { readonly kind: 'note'; readonly note: string }
  | { readonly kind: 'step'; readonly block: number; readonly attempt: number }
  | {
      readonly kind: 'block';
      readonly block: number;
      /** Null for frames that were given. */
      readonly decision: Decision | null;
      readonly latents: Tensor;
      /** As it is now, this block included; absent for the bidirectional model, which has none. */
      readonly cache?: KvCache | undefined;
      /** Time it took, the making of its pictures included where they are made during the rollout. */
      readonly seconds: number;
    }
  | { readonly kind: 'frames'; readonly block: number; readonly frames: readonly Picture[] };

export type Stage = 'text' | 'given' | 'weights' | 'rollout' | 'decode';

/**
 * A prompt becomes pictures. The stages hand over and free what the next does not need: the text encoder, the VAE's encoder
 * where there are pictures to begin from, the DiT and its rollout, the VAE's decoder (beside the rollout, block by block,
 * or after it). Memory does not grow with the length of the video, except for the latents of those that are decoded last.
 */
export async function* runStages(
  device: Device,
  folder: Model,
  request: GenerateRequest,
): AsyncGenerator<GenerateEvent> {
  checkRequest('generate', request);
  const { config } = folder;
  const plan = planRollout(config, request);
  const prompts = promptsOf(config, plan, request);
  const decode = plan.preset === 'wan' ? 'after' : request.decode; // what is sampled at once is there at once
  const noise = (await request.noise?.(plan)) ?? seedNoise(plan, config.transformer.in_dim, request.seed ?? 0);
  const types = weightTypes(folder, request.dtype, request.kvDtype);
  const onTensor = () => request.signal?.throwIfAborted();
  let policy = choosePolicy(request, plan, config.transformer);
  const owned = new Owned();
  let given: Tensor | undefined;
  let decoder: BlockDecoder | undefined;

  try {
    yield { kind: 'stage', stage: 'text', plan };
    const prepared = device.prepareKernels(); // while weights are read
    prepared.catch(() => undefined); // awaited below, unless something else fails before
    const texts = prompts.map(({ prompt }) => prompt);
    if (plan.preset === 'wan' && plan.guidance !== 1) texts.push(request.negativePrompt ?? WAN_NEGATIVE_PROMPT);
    const cacheFolder = request.promptCache;
    const { embeds, note } = await embedPrompts(device, folder, texts, {
      dtype: types.textEncoder,
      cacheFolder,
      onTensor,
    });
    if (note) yield { kind: 'note', note };

    if (plan.preset !== 'wan' && plan.given) {
      yield { kind: 'stage', stage: 'given', plan };
      given = owned.add(await encodeGiven(device, folder, plan, plan.given, request, types));
    }

    yield { kind: 'stage', stage: 'weights', plan };
    const heldTypes = { weights: types.transformer, keys: types.keys };
    const model = await loadTransformer(device, folder.transformer, config.transformer, heldTypes, onTensor);
    owned.add(model.weights);
    if (decode !== 'after') decoder = await openDecoder(device, folder, types.vae, plan.shown, onTensor);

    await prepared;

    yield { kind: 'stage', stage: 'rollout', plan };
    const scheduled = prompts.map(({ firstFrame }, index) => ({ firstFrame, embeds: embeds[index] }));
    const finished: { block: number; values: Float32Array; shape: readonly number[] }[] = [];
    let resumed = performance.now();
    for await (const event of roll(model, plan, scheduled, embeds.at(-1) as Float32Array, noise, policy, given)) {
      if (event.kind === 'step') yield { kind: 'step', block: event.block, attempt: event.attempt };
      if (event.kind === 'block') {
        const { block, latents, decision } = event;
        const frames: Picture[] = [];
        for await (const made of decoder?.decode(latents, block) ?? []) frames.push(...made);
        if (!decoder) {
          const values = Float32Array.from(await device.read(latents));
          if (!areFinite(values)) throw blockNotFinite(block);
          finished.push({ block, values, shape: latents.shape });
        }
        const cache = 'cache' in event ? event.cache : undefined;
        yield { kind: 'block', block, latents, decision, cache, seconds: (performance.now() - resumed) / 1000 };
        if (decoder) yield { kind: 'frames', block, frames };
        resumed = performance.now();
        if (block + 1 === request.maxBlocks) break;
      }
      if (request.signal?.aborted) break;
    }
    policy?.dispose();
    policy = undefined;
    owned.free();
    if (decoder || finished.length === 0) return;

    const { signal } = request;
    const isEnding = signal?.aborted; // then what was finished is still decoded, and one more signal ends the process
    await device.synchronize(); // what was freed is given back before the decoder comes
    yield { kind: 'stage', stage: 'decode', plan };
    decoder = await openDecoder(device, folder, types.vae, plan.shown);
    for (const { block, values, shape } of finished) {
      const latents = device.upload(values, shape);
      for await (const frames of decoder.decode(latents, block)) {
        yield { kind: 'frames', block, frames };
        if (signal?.aborted && !isEnding) return;
      }
      latents.dispose();
    }
  } finally {
    decoder?.dispose();
    policy?.dispose();
    owned.free();
  }
}

/** The prompts of a request and the latent frames at which they begin. */
export function promptsOf(
  config: ModelConfig,
  plan: Plan,
  { prompt, schedule }: Pick<GenerateRequest, 'prompt' | 'schedule'>,
): ScheduledPrompt[] {
  if (!schedule) {
    checkPrompt(prompt);
    return [{ prompt, pixelFrame: 0, firstFrame: 0 }];
  }
  checkScheduled(prompt, plan.preset);
  return parsePromptSchedule(schedule.text, {
    fps: config.sampling.fps,
    temporal: vaeFactors(config).temporal,
    framesPerBlock: plan.framesPerBlock,
    independentFirstFrame: plan.given?.independentFirstFrame,
    frames: (plan.given?.latents ?? 0) + plan.frames,
    hidden: plan.shown.hidden,
    label: schedule.label,
  });
}

/** The given pictures as latents; the encoder is loaded for this and freed after. */
async function encodeGiven(
  device: Device,
  { vae, config }: Model,
  { pixel }: RolloutPlan,
  given: GivenPlan,
  { pictures, signal }: GenerateRequest,
  types: WeightTypes,
): Promise<Tensor> {
  ensure(pictures, 'a plan with given pictures needs the pictures');
  const encoder = await loadVaeEncoder(device, vae, config.vae, types.vae, () => signal?.throwIfAborted());
  const stream = createVaeEncodeStream(encoder);
  try {
    const size = { ...pixel, temporal: vaeFactors(config).temporal };
    return await encodeGivenFrames(device, stream, pictures(given), given, size);
  } finally {
    stream.dispose();
    freeVaeEncoder(encoder);
  }
}

/** The noise of a seed, as the plan's official pipeline would draw it on a CPU. */
export function seedNoise(plan: Plan, channels: number, seed: bigint | number | string): NoiseSource {
  const { frames, latent } = plan;
  if (plan.preset === 'wan') return wanNoise(seed, [frames, channels, latent.height, latent.width]);
  return seededNoise(seed, frames, channels * latent.height * latent.width);
}

/** What a stage leaves on the device for the next. */
class Owned {
  #values: unknown[] = [];

  add<Value>(value: Value): Value {
    this.#values.push(value);
    return value;
  }

  free(): void {
    disposeAll(this.#values.splice(0));
  }
}
