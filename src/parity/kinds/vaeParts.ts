import { ensure } from '../../errors.js';
import { ensureTensors } from '../../models/wan/checkpoint/checkTensors.js';
import { parseConfig, type VaeConfig, vaeSchema } from '../../models/wan/config.js';
import { elementCount, expectShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { toFloat64Numbers } from '../../weights/convert.js';
import type { ParityInput, ParityOutput } from './input.js';
import type { Part } from './partRecorder.js';

/** The VAE's configuration in a case, with whose weights it must agree. */
export function readVaeConfig({ config, weights }: ParityInput): VaeConfig {
  const described = { ...config, latents_mean: config.mean, latents_std: config.std };
  const vae = parseConfig(vaeSchema, described, 'vae');
  ensureTensors('vae', vae, weights);
  return vae;
}

/** A video of a case's inputs: some of its frames on the device, `end` not included, all of them where absent. */
export interface InputVideo {
  readonly frames: number;
  /** [frames, channels, height, width] */
  channelsFirst(first?: number, end?: number): Tensor;
  /** [frames, height, width, channels] */
  channelsLast(first?: number, end?: number): Tensor;
}

/** The input `name`, [1, channels, frames, height, width] as PyTorch has videos. */
export async function readVideo({ device, inputs }: ParityInput, name: string): Promise<InputVideo> {
  const { dtype, shape } = inputs.info(name);
  expectShape(shape, [1, 'any', 'any', 'any', 'any'], `${inputs.label}: ${name}`);
  const [, channels, frames, height, width] = shape;
  const values = toFloat64Numbers(await inputs.read(name), dtype);
  const area = height * width;
  /** @param place of a value among those of its frame */
  const choose = (first: number, end: number, place: (channel: number, pixel: number) => number) => {
    ensure(
      first < end && end <= frames,
      `${inputs.label}: ${name} has ${frames} frames; the case asks for ${first} to ${end - 1}`,
    );
    const chosen = new Float64Array((end - first) * channels * area);
    for (let index = 0; index < chosen.length; index++) {
      const [frame, channel, pixel] = [
        Math.floor(index / (channels * area)),
        Math.floor(index / area) % channels,
        index % area,
      ];
      const value = values[(channel * frames + first + frame) * area + pixel];
      chosen[frame * channels * area + place(channel, pixel)] = value;
    }
    return chosen;
  };
  return {
    frames,
    channelsFirst(first = 0, end = frames) {
      const chosen = choose(first, end, (channel, pixel) => channel * area + pixel);
      return device.upload(chosen, [end - first, channels, height, width]);
    },
    channelsLast(first = 0, end = frames) {
      const chosen = choose(first, end, (channel, pixel) => pixel * channels + channel);
      return device.upload(chosen, [end - first, height, width, channels]);
    },
  };
}

/** What a VAE's half showed of one part as an output. */
export function videoPart({ name, row, values }: Part, prefix = ''): ParityOutput {
  return channelsFirst(prefix + name, values, [values.length / elementCount(row), ...row]);
}

/** Values [frames, height, width, channels] as an output [1, channels, frames, height, width]. */
export function channelsFirst(name: string, values: ArrayLike<number>, shape: readonly number[]): ParityOutput {
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
