import type { KvCache } from '../models/wan/kvCache.js';
import type { Model } from '../models/wan/model.js';
import { loadTransformer } from '../models/wan/transformerWeights.js';
import type { Device } from '../tensor/device.js';
import { areFinite, blockNotFinite } from '../tensor/notFinite.js';
import { disposeAll } from '../tensor/scope.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Decision } from '../tokentrim/policy.js';
import { askedPolicy } from './askedPolicy.js';
import { chooseDecoder, encoderOf } from './pictures/chooseDecoder.js';
import type { Picture } from './pictures/decodeLatents.js';
import { type BlockDecoder, openDecoder } from './pictures/decodeLatents.js';
import { methodOf } from './plan/methods.js';
import { isBlockwise, type Plan } from './plan/plan.js';
import { checkInputs, type RunInputs } from './plan/request.js';
import { vaeTypeOf } from './plan/weightTypes.js';
import { embedPrompts } from './prompts/promptEmbeddings.js';
import { followRun } from './resume/followRun.js';
import type { CachedStepEvent, CacheEvent, ReviewEvent, StepEvent } from './rollout.js';
import { encodeGiven, noiseOf, openPreview, picturesApart } from './stageParts.js';
import { openTaps } from './watch/callTaps.js';
import type { Seen } from './watch/seen.js';

/**
 * What a generation did, in order: a stage began, a denoising call was made, the policy was shown an attempt, a block was
 * written into the cache, a block was accepted, pictures were made: those of an attempt that was not kept, those of the
 * preview, those of the video. Tensors are valid until the generator is resumed. Given blocks have the number -1.
 */
export type GenerateEvent =
  | { readonly kind: 'stage'; readonly stage: Stage; readonly plan: Plan }
  | { readonly kind: 'note'; readonly note: string }
  | (Omit<StepEvent, 'flow' | 'guided' | 'after'> &
      Partial<Pick<CachedStepEvent, 'seen' | 'cache'>> & {
        /** What `watch` asked to see inside the DiT. */
        readonly watched?: readonly Seen[];
      })
  | ReviewEvent
  | Omit<CacheEvent, 'flow'>
  | {
      readonly kind: 'block';
      readonly block: number;
      /** Null for frames that were given. */
      readonly decision: Decision | null;
      /** First latent frame. */
      readonly firstFrame: number;
      /** [frames, channels, height, width]. */
      readonly latents: Tensor;
      /** As it is now, this block included; absent for the bidirectional model, which has none. */
      readonly cache?: KvCache | undefined;
      /** Whether an earlier process made it, whose state this run goes on from. */
      readonly isRestored: boolean;
      /** Time it took, the making of its pictures included where they are made during the rollout. */
      readonly seconds: number;
    }
  | { readonly kind: 'rejected'; readonly block: number; readonly attempt: number; readonly frames: readonly Picture[] }
  | { readonly kind: 'preview'; readonly block: number; readonly frames: readonly Picture[] }
  | { readonly kind: 'frames'; readonly block: number; readonly frames: readonly Picture[] };

export type Stage = 'text' | 'given' | 'weights' | 'rollout' | 'decode';

/**
 * Runs a plan. The stages hand over and free what the next does not need: the text encoder, the VAE's encoder where there
 * are pictures to begin from, the DiT and its rollout, the VAE's decoder (beside the rollout, block by block, or after
 * it). Memory does not grow with the length of the video, except for the latents of those that are decoded last.
 * @throws TokenTrimError where the inputs are not those that the plan speaks of; later, where a stage fails
 */
export async function* runPlan(
  device: Device,
  model: Model,
  plan: Plan,
  inputs: RunInputs = {},
): AsyncGenerator<GenerateEvent> {
  checkInputs('runPlan', plan, inputs);
  if (inputs.preview) chooseDecoder(model, 'tiny'); // throws where there is none
  const { config } = model;
  const taps = openTaps(device, config.transformer, plan, inputs.watch);
  const { types, prompts, negativePrompt } = plan;
  const { signal, held, state } = inputs;
  const method = methodOf(plan);
  const coder = plan.decoder ?? 'full';
  const decoding = { coder, type: vaeTypeOf(types, coder) };
  const noise = await noiseOf(plan, config.transformer.in_dim, inputs);
  const shown = { ...plan.shown, done: state?.pictures };
  const onTensor = () => signal?.throwIfAborted();
  let policy = askedPolicy(model, plan, inputs);
  const owned = new Owned();
  let decoder: BlockDecoder | undefined;
  let previewer: BlockDecoder | undefined;

  try {
    for (const note of (await state?.begin(device, plan, { noise, policy })) ?? []) yield { kind: 'note', note };
    yield { kind: 'stage', stage: 'text', plan };
    const prepared = device.prepareKernels(); // while weights are read
    prepared.catch(() => undefined); // awaited below, unless something else fails before
    const texts = prompts.map(({ prompt }) => prompt);
    if (negativePrompt !== undefined) texts.push(negativePrompt);
    const { embeds, note } = await embedPrompts(device, model, texts, {
      dtype: types.textEncoder,
      store: inputs.promptStore,
      encoder: plan.model.digests.textEncoder,
      onTensor,
      negative: negativePrompt,
    });
    if (note) yield { kind: 'note', note };

    let initialLatents = await state?.givenLatents(device);
    if (initialLatents) owned.add(initialLatents);
    if (isBlockwise(plan) && plan.given && !initialLatents) {
      yield { kind: 'stage', stage: 'given', plan };
      if (encoderOf(model) === 'tiny')
        yield { kind: 'note', note: 'note: there is only a tiny VAE, which encodes what was given' };
      initialLatents = owned.add(await encodeGiven(device, model, plan, plan.given, inputs));
    }

    yield { kind: 'stage', stage: 'weights', plan };
    const heldTypes = { weights: types.transformer, keys: types.keys };
    const load = () => loadTransformer(device, model.transformer, config.transformer, heldTypes, onTensor);
    const key = `transformer ${JSON.stringify(heldTypes)}`;
    const transformer = await (held?.part(key, load, ({ weights }) => disposeAll(weights)) ?? load());
    if (!held) owned.add(transformer.weights);
    if (inputs.preview) previewer = await openPreview(device, model, plan);
    if (plan.decode === 'during') decoder = await openDecoder(device, model, decoding, shown, onTensor, held);

    await prepared;

    yield { kind: 'stage', stage: 'rollout', plan };
    const parts = { noise, policy };
    const rolled = method.roll(transformer, plan, {
      prompts: prompts.map(({ firstFrame }, index) => ({ firstFrame, embeds: embeds[index] })),
      negative: negativePrompt === undefined ? undefined : embeds[prompts.length],
      ...parts,
      initialLatents,
      tap: taps?.tap,
      state,
    });
    const isCounting = device.kind === 'planning'; // then no attempt is rejected, and what one takes is counted
    const finished: { block: number; values: Float32Array; shape: readonly number[] }[] = [];
    let resumed = performance.now();
    const total = isBlockwise(plan) ? method.blocks(plan) : method.calls(plan);
    for await (const event of state ? followRun(state, device, rolled, parts, total) : rolled) {
      if (event.kind === 'step') yield taps ? { ...event, watched: taps.take() } : event;
      if (event.kind === 'review' || event.kind === 'cache') yield event;
      if (event.kind === 'step' || event.kind === 'cache') await device.keepUp?.();
      if (event.kind === 'review' && inputs.watch?.rejected && (event.again || isCounting)) {
        const frames = await picturesApart(decoder ?? previewer, event.latents, event.block);
        if (frames) yield { kind: 'rejected', block: event.block, attempt: event.attempt, frames };
      }
      if (event.kind === 'block') {
        const { block, firstFrame, latents, decision } = event;
        for await (const frames of previewer?.decode(latents, block) ?? []) yield { kind: 'preview', block, frames };
        const frames: Picture[] = [];
        for await (const made of decoder?.decode(latents, block) ?? []) frames.push(...made);
        if (!decoder) {
          const values = Float32Array.from(await device.read(latents));
          if (!areFinite(values)) throw blockNotFinite(block);
          if (plan.decode === 'after') finished.push({ block, values, shape: latents.shape });
        }
        const cache = 'cache' in event ? event.cache : undefined;
        const seconds = event.restored ?? (performance.now() - resumed) / 1000;
        const isRestored = event.restored !== undefined;
        yield { kind: 'block', block, firstFrame, latents, decision, cache, isRestored, seconds };
        if (decoder) yield { kind: 'frames', block, frames };
        resumed = performance.now();
        if (block + 1 === inputs.maxBlocks) break;
      }
      if (signal?.aborted) break;
    }
    policy?.dispose();
    policy = undefined;
    previewer?.dispose();
    previewer = undefined;
    owned.free();
    if (decoder || finished.length === 0) return;

    const isEnding = signal?.aborted; // then what was finished is still decoded, and one more signal ends the process
    await device.synchronize(); // what was freed is given back before the decoder comes
    yield { kind: 'stage', stage: 'decode', plan };
    decoder = await openDecoder(device, model, decoding, shown);
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
    previewer?.dispose();
    policy?.dispose();
    owned.free();
  }
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
