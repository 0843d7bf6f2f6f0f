import { ensure } from '../../errors.js';
import { ensureTensors } from '../../models/wan/checkpoint/checkTensors.js';
import { parseConfig } from '../../models/wan/config.js';
import { freeTinyDecoder, loadTinyDecoder } from '../../models/wan/tinyVae/tinyDecoder.js';
import { createTinyVaeStream } from '../../models/wan/tinyVae/tinyDecodeStream.js';
import { freeTinyEncoder, loadTinyEncoder } from '../../models/wan/tinyVae/tinyEncoder.js';
import { createTinyVaeEncodeStream } from '../../models/wan/tinyVae/tinyEncodeStream.js';
import { type TinyVaeConfig, tinyEncoderFactors, tinyVaeSchema } from '../../models/wan/tinyVae/tinyVaeConfig.js';
import { DECODER_STAGES } from '../../models/wan/tinyVae/tinyVaeTensors.js';
import { expectShape } from '../../tensor/shape.js';
import { toFloat64Numbers } from '../../weights/convert.js';
import type { ParityInput, ParityOutput } from './input.js';
import { type Part, PartRecorder } from './partRecorder.js';
import { frameMajor, modulesOf, shuffled } from './tinyVaeParts.js';

/**
 * Parity kind `tiny-vae`: of the input `latent` the decoder's modules, then its frames before and after trimming; of the
 * input `frames` the encoder's modules, then the latent.
 */
export async function* tinyVae(input: ParityInput): AsyncGenerator<ParityOutput> {
  const config: TinyVaeConfig = parseConfig(tinyVaeSchema, input.config, 'tiny-vae');
  ensureTensors('tiny-vae', config, input.weights);
  if (input.inputs.has('latent')) yield* decoded(input, config);
  if (input.inputs.has('frames')) yield* encoded(input, config);
}

async function* decoded(input: ParityInput, config: TinyVaeConfig): AsyncGenerator<ParityOutput> {
  const { device, weights, types, outputNames } = input;
  const latents = await readFrames(input, 'latent');
  const decoder = await loadTinyDecoder(device, weights, config, types.weights);
  const stream = createTinyVaeStream(decoder);
  const parts = new PartRecorder(device, (part) => part === 'decoder.22' || isWanted(part, outputNames));
  const x = device.upload(latents.values, latents.shape.slice(1));
  const pictures: number[] = [];
  let row: readonly number[] = [];
  for (const pixels of stream.decode(x, parts.tap)) {
    for (const value of await device.read(pixels)) pictures.push(Math.min(Math.max(value, -1), 1));
    row = pixels.shape.slice(1);
    pixels.dispose();
    await parts.settle();
  }
  stream.dispose();
  x.dispose();
  freeTinyDecoder(decoder);
  const recorded = await parts.parts();
  yield* modulesOf(recorded, config);
  const raw = recorded.find(({ name }) => name === 'decoder.22') as Part;
  yield video(shuffled({ ...raw, name: 'frames_raw' }, config.patch_size));
  yield video({ name: 'pixels', row, values: pictures });
}

async function* encoded(input: ParityInput, config: TinyVaeConfig): AsyncGenerator<ParityOutput> {
  const { device, weights, types, outputNames } = input;
  const { values, shape } = await readFrames(input, 'frames');
  const [, frames, channels, height, width] = shape;
  ensure(channels === 3, `${input.inputs.label}: frames have 3 channels, found ${channels}`);
  const encoder = await loadTinyEncoder(device, weights, config, types.weights);
  const stream = createTinyVaeEncodeStream(encoder);
  const parts = new PartRecorder(device, (part) => isWanted(part, outputNames));
  const { temporal } = tinyEncoderFactors(config);
  const latents: number[] = [];
  let latentShape: readonly number[] = [];
  for (let first = 0; first < frames; first += temporal) {
    const count = Math.min(temporal, frames - first);
    const pixels = new Float64Array(count * height * width * 3);
    for (let index = 0; index < pixels.length; index++) {
      const [pixel, channel] = [Math.floor(index / 3), index % 3];
      const frame = first + Math.floor(pixel / (height * width));
      pixels[index] = values[(frame * 3 + channel) * height * width + (pixel % (height * width))] * 2 - 1;
    }
    const x = device.upload(pixels, [count, height, width, 3]);
    const latent = stream.encode(x, parts.tap);
    await parts.settle();
    latents.push(...(await device.read(latent)));
    latentShape = latent.shape.slice(1);
    latent.dispose();
    x.dispose();
  }
  stream.dispose();
  freeTinyEncoder(encoder);
  for (const part of await parts.parts()) yield frameMajor(part);
  yield { name: 'latent', actual: latents, shape: [1, Math.ceil(frames / temporal), ...latentShape] };
}

/** Whether a part is asked for, or the enlarged pictures that upstream makes of it. */
function isWanted(part: string, outputNames: readonly string[]): boolean {
  const enlarges = DECODER_STAGES.find((first) => part === `decoder.${first + 2}`);
  return outputNames.includes(part) || (enlarges !== undefined && outputNames.includes(`decoder.${enlarges + 3}`));
}

/** The input `name`, [1, frames, channels, height, width]. */
async function readFrames({ inputs }: ParityInput, name: string) {
  const { dtype, shape } = inputs.info(name);
  expectShape(shape, [1, 'any', 'any', 'any', 'any'], `${inputs.label}: ${name}`);
  return { values: toFloat64Numbers(await inputs.read(name), dtype), shape };
}

/** Frames as an output with a batch of one. */
function video(part: Part): ParityOutput {
  const { name, actual, shape } = frameMajor(part);
  return { name, actual, shape: [1, ...shape] };
}
