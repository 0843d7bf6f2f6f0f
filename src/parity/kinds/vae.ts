import * as z from 'zod';
import { parseConfig } from '../../models/wan/config.js';
import { freeVaeDecoder, loadVaeDecoder, type VaeDecoder } from '../../models/wan/vae/decoderWeights.js';
import { createVaeStream, type VaeStream } from '../../models/wan/vae/decodeStream.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { ParityInput, ParityOutput } from './input.js';
import { PartRecorder } from './partRecorder.js';
import { channelsFirst, readVaeConfig, readVideo, videoPart } from './vaeParts.js';

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
    const latents = await readVideo(input, name);
    for (const { name: part, actual, shape } of await decodeParts(
      stream,
      latents.channelsFirst(),
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
  const latents = await readVideo(input, 'latent');
  const isPixels = (part: string) => part === 'pixels_raw';
  for (const [index, { latent_frames, cache_slots_after }] of chunks.entries()) {
    const [pixels] = await decodeParts(stream, latents.channelsFirst(...latent_frames), isPixels);
    yield { ...pixels, name: `chunk${index}.pixels_raw` };
    const slots = new Map(cache_slots_after);
    for (const [slot, { frames }] of stream.histories.entries()) {
      const name = `chunk${index}.cache${String(slot).padStart(2, '0')}`;
      if (!input.outputNames.includes(name)) continue;
      // After one latent frame upstream's slots hold one frame; here the zeros before it are in the history too.
      const count = slots.get(slot)?.[2] ?? frames.length;
      const reads = await Promise.all(frames.slice(frames.length - count).map((frame) => input.device.read(frame)));
      const values = reads.flatMap((read) => Array.from(read));
      yield channelsFirst(name, values, [count, ...frames[0].shape.slice(1)]);
    }
  }
  stream.reset();
  const [whole] = await decodeParts(stream, latents.channelsFirst(), isPixels);
  yield { ...whole, name: 'whole.pixels_raw' };
  stream.dispose();
  freeVaeDecoder(decoder);
}

async function loadDecoder(input: ParityInput): Promise<VaeDecoder> {
  return loadVaeDecoder(input.device, input.weights, readVaeConfig(input), input.types.weights);
}

/** Decodes `latents`, which it frees, and gives the chosen outputs of the decoder, joined in time, in forward order. */
async function decodeParts(
  stream: VaeStream,
  latents: Tensor,
  isWanted: (part: string) => boolean,
): Promise<ParityOutput[]> {
  const parts = new PartRecorder(latents.device, isWanted);
  for (const pixels of stream.decode(latents, parts.tap)) {
    pixels.dispose();
    await parts.settle();
  }
  latents.dispose();
  return (await parts.parts()).map((part) => videoPart(part));
}
