import { z } from 'zod';
import { ensure } from '../../errors.js';
import { HISTORY_FRAMES } from '../../kernels/causalConv3d.js';
import { createVaeStream, type VaeStream } from '../../models/wan/vae/stream.js';
import { freeVaeDecoder, loadVaeDecoder, type VaeDecoder } from '../../models/wan/vae/weights.js';
import { expectShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { ensureTensors } from '../../weights/checkTensors.js';
import { parseConfig, vaeSchema } from '../../weights/config.js';
import { toFloat64Numbers } from '../../weights/convert.js';
import type { TensorSource } from '../../weights/tensorSource.js';
import type { ParityInput, ParityOutput } from './input.js';

const slotSchema = z.tuple([
  z.int().nonnegative(),
  // [1, channels, frames, height, width]; upstream marks slots that are not in use yet in other ways
  z.array(z.int()).length(5).nullable().catch(null),
]);

const chunksSchema = z.object({
  chunks: z
    .array(
      z.object({
        /** The first frame of the chunk and the first after it. */
        latent_frames: z.tuple([z.int().nonnegative(), z.int().positive()]),
        cache_slots_after: z.array(slotSchema).default([]),
      }),
    )
    .min(1),
});

/** Parity kind `vae-decode`: for every input `<video>.latent` the decoder's parts, then its pixels. */
export async function* vaeDecode(input: ParityInput): AsyncGenerator<ParityOutput> {
  const decoder = await loadDecoder(input);
  const stream = createVaeStream(decoder);
  for (const name of input.inputs.names().filter((name) => name.endsWith('.latent'))) {
    const video = name.slice(0, -'latent'.length);
    const wanted = new Set(input.outputNames.filter((output) => output.startsWith(video)));
    const latents = await readLatents(input, name);
    for (const { name: part, actual, shape } of await decodeParts(
      stream,
      latents.frames(),
      (part) => part === 'pixels_raw' || wanted.has(video + part),
    )) {
      yield { name: video + part, actual, shape };
      if (part !== 'pixels_raw') continue;
      const clamped = Float64Array.from(actual, (value) => Math.min(Math.max(value, -1), 1));
      yield { name: `${video}pixels`, actual: clamped, shape };
    }
    stream.reset();
  }
  freeVaeDecoder(decoder);
}

/**
 * Parity kind `vae-cached-decode`: the input `latent` chunk by chunk with what the stream remembers after each, then all
 * of it at once.
 */
export async function* vaeCachedDecode(input: ParityInput): AsyncGenerator<ParityOutput> {
  const { chunks } = parseConfig(chunksSchema, input.config, 'vae-cached-decode');
  const decoder = await loadDecoder(input);
  const stream = createVaeStream(decoder);
  const latents = await readLatents(input, 'latent');
  const isPixels = (part: string) => part === 'pixels_raw';
  for (const [index, { latent_frames, cache_slots_after }] of chunks.entries()) {
    const [pixels] = await decodeParts(stream, latents.frames(...latent_frames), isPixels);
    yield { ...pixels, name: `chunk${index}.pixels_raw` };
    const slots = new Map(cache_slots_after);
    for (const [slot, history] of stream.histories.entries()) {
      const name = `chunk${index}.cache${String(slot).padStart(2, '0')}`;
      if (!input.outputNames.includes(name)) continue;
      // After one latent frame upstream's slots hold one frame; here the zeros before it are in the history too.
      const count = slots.get(slot)?.[2] ?? HISTORY_FRAMES;
      const values = await input.device.read(history);
      const shape = [count, ...history.shape.slice(1)];
      yield channelsFirst(name, values.subarray((values.length / HISTORY_FRAMES) * (HISTORY_FRAMES - count)), shape);
    }
  }
  stream.reset();
  const [whole] = await decodeParts(stream, latents.frames(), isPixels);
  yield { ...whole, name: 'whole.pixels_raw' };
  stream.dispose();
  freeVaeDecoder(decoder);
}

async function loadDecoder({ device, config, weights }: ParityInput): Promise<VaeDecoder> {
  const described = { ...config, latents_mean: config.mean, latents_std: config.std };
  const vae = parseConfig(vaeSchema, described, 'vae');
  ensureTensors('vae', vae, weights);
  return loadVaeDecoder(device, weights, vae, 'f32');
}

/** Decodes `latents`, which it frees, and gives the chosen outputs of the decoder, joined in time, in forward order. */
async function decodeParts(
  stream: VaeStream,
  latents: Tensor,
  isWanted: (part: string) => boolean,
): Promise<ParityOutput[]> {
  const parts = new Map<string, { frame: readonly number[]; reads: Promise<ArrayLike<number>>[] }>();
  const tap = (name: string, output: Tensor) => {
    if (!isWanted(name)) return;
    const part = parts.get(name) ?? { frame: output.shape.slice(1), reads: [] };
    parts.set(name, part);
    part.reads.push(latents.device.read(output));
  };
  for (const pixels of stream.decode(latents, tap)) {
    pixels.dispose();
    await Promise.all([...parts.values()].flatMap(({ reads }) => reads));
  }
  latents.dispose();
  const outputs: ParityOutput[] = [];
  for (const [name, { frame, reads }] of parts) {
    const values = (await Promise.all(reads)).flatMap((read) => Array.from(read));
    const frames = values.length / frame.reduce((product, size) => product * size, 1);
    outputs.push(channelsFirst(name, values, [frames, ...frame]));
  }
  return outputs;
}

/** Latents [1, channels, frames, height, width] of a file; `frames` uploads some of them as [frames, channels, height, width]. */
async function readLatents({ device, inputs }: { device: VaeDecoder['device']; inputs: TensorSource }, name: string) {
  const { dtype, shape } = inputs.info(name);
  expectShape(shape, [1, 'any', 'any', 'any', 'any'], `${inputs.label}: ${name}`);
  const [, channels, available, height, width] = shape;
  const values = toFloat64Numbers(await inputs.read(name), dtype);
  const area = height * width;
  return {
    frames(first = 0, end = available): Tensor {
      ensure(
        first < end && end <= available,
        `${inputs.label}: ${name} has ${available} frames; the case asks for ${first} to ${end - 1}`,
      );
      const chosen = new Float64Array((end - first) * channels * area);
      for (let frame = first; frame < end; frame++) {
        for (let channel = 0; channel < channels; channel++) {
          const plane = (channel * available + frame) * area;
          chosen.set(values.subarray(plane, plane + area), ((frame - first) * channels + channel) * area);
        }
      }
      return device.upload(chosen, [end - first, channels, height, width]);
    },
  };
}

/** Values [frames, height, width, channels] as an output [1, channels, frames, height, width]. */
function channelsFirst(name: string, values: ArrayLike<number>, shape: readonly number[]): ParityOutput {
  const [frames, height, width, channels] = shape;
  const pixels = frames * height * width;
  const actual = new Float64Array(pixels * channels);
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let channel = 0; channel < channels; channel++) {
      actual[channel * pixels + pixel] = values[pixel * channels + channel];
    }
  }
  return { name, actual, shape: [1, channels, frames, height, width] };
}
