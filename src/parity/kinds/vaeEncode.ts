import { freeVaeEncoder, loadVaeEncoder } from '../../models/wan/vae/encoderWeights.js';
import { createVaeEncodeStream } from '../../models/wan/vae/encodeStream.js';
import type { ParityInput, ParityOutput } from './input.js';
import { PartRecorder } from './partRecorder.js';
import { readVaeConfig, readVideo, videoPart } from './vaeParts.js';

/** Parity kind `vae-encode`: for every input `<video>.pixels` the encoder's parts, then the latents. */
export async function* vaeEncode(input: ParityInput): AsyncGenerator<ParityOutput> {
  const { device, inputs, outputNames, weights } = input;
  const config = readVaeConfig(input);
  const encoder = await loadVaeEncoder(device, weights, config, input.types.weights);
  const stream = createVaeEncodeStream(encoder);
  const later = 2 ** config.temperal_downsample.filter(Boolean).length;
  for (const name of inputs.names().filter((name) => name.endsWith('.pixels'))) {
    const video = name.slice(0, -'pixels'.length);
    const pixels = await readVideo(input, name);
    const parts = new PartRecorder(device, (part) => outputNames.includes(video + part));
    const latents: { values: ArrayLike<number>; shape: readonly number[] }[] = [];
    // Pictures past the last whole piece are dropped, as upstream does.
    for (let first = 0; first === 0 || first + later <= pixels.frames; first += first === 0 ? 1 : later) {
      const piece = pixels.channelsLast(first, first === 0 ? 1 : first + later);
      const latent = stream.encode(piece, parts.tap);
      await parts.settle();
      latents.push({ values: await device.read(latent), shape: latent.shape });
      piece.dispose();
      latent.dispose();
    }
    for (const part of await parts.parts()) yield videoPart(part, video);
    yield joinLatents(`${video}latent`, latents);
    stream.reset();
  }
  freeVaeEncoder(encoder);
}

/** Latent frames [1, channels, height, width] as one output [1, channels, frames, height, width]. */
function joinLatents(
  name: string,
  latents: readonly { values: ArrayLike<number>; shape: readonly number[] }[],
): ParityOutput {
  const [, channels, height, width] = latents[0].shape;
  const area = height * width;
  const actual = new Float64Array(latents.length * channels * area);
  latents.forEach(({ values }, frame) => {
    for (let index = 0; index < values.length; index++) {
      actual[(Math.floor(index / area) * latents.length + frame) * area + (index % area)] = values[index];
    }
  });
  return { name, actual, shape: [1, channels, latents.length, height, width] };
}
