import type { Model } from '../models/wan/model.js';
import { vaeFactors } from '../models/wan/vae/vaeFactors.js';
import type { Device } from '../tensor/device.js';
import type { Tensor } from '../tensor/tensor.js';
import type { NoiseSource } from './noise/noise.js';
import { chooseDecoder, encoderOf } from './pictures/chooseDecoder.js';
import { type BlockDecoder, openDecoder, type Picture } from './pictures/decodeLatents.js';
import { encodeGivenFrames } from './pictures/givenFrames.js';
import { openEncodeStream } from './pictures/openVae.js';
import { methodOf } from './plan/methods.js';
import type { Plan, PlannedGiven } from './plan/plan.js';
import type { RunInputs } from './plan/request.js';
import { vaeTypeOf, weightTypes } from './plan/weightTypes.js';

// What the stages of a run (`stages.ts`) open and make on the way.

/** The pictures that a block would have; the video goes on without them. Undefined where there is nothing to decode with. */
export async function picturesApart(
  decoder: BlockDecoder | undefined,
  latents: Tensor,
  block: number,
): Promise<Picture[] | undefined> {
  const fork = decoder?.fork();
  try {
    const frames: Picture[] = [];
    for await (const made of fork?.decode(latents, block) ?? []) frames.push(...made);
    return fork && frames;
  } finally {
    fork?.dispose();
  }
}

/** The tiny VAE's decoder beside a rollout, whatever makes the video's pictures. */
export function openPreview(device: Device, model: Model, { shown }: Plan): Promise<BlockDecoder> {
  const coder = chooseDecoder(model, 'tiny');
  return openDecoder(device, model, { coder, type: vaeTypeOf(weightTypes(model), coder) }, shown);
}

/** The noise of the plan's seed, or what the caller brings. */
export async function noiseOf(plan: Plan, channels: number, { noise }: RunInputs): Promise<NoiseSource> {
  if (noise) return noise(plan);
  const { seed } = plan.noise as { readonly seed: string }; // `checkInputs` asked for noise where there is none
  return methodOf(plan).seedNoise(plan, channels, seed);
}

/** The given pictures as latents; the encoder, the full VAE's where it is there, is loaded for this and freed after. */
export async function encodeGiven(
  device: Device,
  model: Model,
  { pixel, types }: Plan,
  given: PlannedGiven,
  { pictures, signal }: RunInputs,
): Promise<Tensor> {
  const coder = encoderOf(model);
  const choice = { coder, type: vaeTypeOf(types, coder) };
  const stream = await openEncodeStream(device, model, choice, () => signal?.throwIfAborted());
  try {
    const size = { ...pixel, temporal: vaeFactors(model.config.vae).temporal };
    const shown = pictures?.(given) as AsyncIterable<Float32Array>; // `checkInputs` asked for them
    return await encodeGivenFrames(device, stream, shown, given, size);
  } finally {
    stream.dispose();
  }
}
