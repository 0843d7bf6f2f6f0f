import type { TinyVaeConfig } from '../../../src/models/wan/tinyVae/tinyVaeConfig.js';
import { tinyVaeTensors } from '../../../src/models/wan/tinyVae/tinyVaeTensors.js';
import { elementCount } from '../../../src/tensor/shape.js';
import { float32ToHalf, halfToFloat32 } from '../../../src/tensor/sixteenBit.js';
import { MemorySource } from '../../support/memorySource.js';
import { normal } from '../../support/twins.js';

/** A video in float64: frames of channels of rows of columns, as PyTorch has them. */
export interface PlainVideo {
  readonly frames: readonly (readonly Float64Array[])[];
  readonly height: number;
  readonly width: number;
}

type Weights = ReadonlyMap<string, { readonly shape: readonly number[]; readonly values: Float32Array }>;

/** Weights N(0, 0.7 / fan in), biases a tenth, rounded to f16, so that they are the same in f16 and in f32. */
export function tinyVaeWeights(config: TinyVaeConfig, seed: number): { weights: Weights; source: MemorySource } {
  const tensors = [...tinyVaeTensors(config)].map(([name, shape], index) => {
    const scale = name.endsWith('bias') ? 0.1 : (0.7 / elementCount(shape.slice(1))) ** 0.5;
    const values = halfToFloat32(float32ToHalf(normal(seed + index, elementCount(shape), scale)));
    return [name, { shape, values }] as const;
  });
  return { weights: new Map(tensors), source: new MemorySource(Object.fromEntries(tensors)) };
}

/**
 * The decoder over all frames at once, frame by frame in plain loops, as upstream's parallel form states it; shares nothing
 * with the project. Frames are before trimming, in 0 ... 1 and beyond.
 */
export function decodePlain(config: TinyVaeConfig, weights: Weights, latents: PlainVideo): PlainVideo {
  let x = mapValues(latents, (value) => 3 * Math.tanh(value / 3));
  x = mapValues(conv(weights, 'decoder.1', x), relu);
  [3, 9, 15].forEach((first, stage) => {
    for (let block = first; block < first + 3; block++) x = memBlock(weights, `decoder.${block}`, x);
    if (config.decoder_space_upscale[stage]) x = twice(x);
    const grown = conv(weights, `decoder.${first + 4}.conv`, x);
    const channels = config.decoder_widths[stage];
    const frames = grown.frames.flatMap((all) => chunks(all, channels));
    x = conv(weights, `decoder.${first + 5}`, { ...grown, frames });
  });
  return shuffle(conv(weights, 'decoder.22', mapValues(x, relu)), config.patch_size);
}

/** The encoder in the same way; pictures are in 0 ... 1. */
export function encodePlain(config: TinyVaeConfig, weights: Weights, pictures: PlainVideo): PlainVideo {
  const chunk = 2 ** config.encoder_time_downscale.filter(Boolean).length;
  const frames = [...pictures.frames];
  while (frames.length % chunk !== 0) frames.push(frames[frames.length - 1]);
  let x = mapValues(conv(weights, 'encoder.0', unshuffle({ ...pictures, frames }, config.patch_size)), relu);
  [2, 7, 12].forEach((first, stage) => {
    const joined = chunks(x.frames, config.encoder_time_downscale[stage] ? 2 : 1).map((group) => group.flat());
    x = conv(weights, `encoder.${first}.conv`, { ...x, frames: joined });
    x = conv(weights, `encoder.${first + 1}`, x, 2);
    for (let block = first + 2; block < first + 5; block++) x = memBlock(weights, `encoder.${block}`, x);
  });
  return conv(weights, 'encoder.17', x);
}

function memBlock(weights: Weights, name: string, x: PlainVideo): PlainVideo {
  const zeros = x.frames[0].map((plane) => new Float64Array(plane.length));
  const seen = x.frames.map((frame, index) => [...frame, ...(x.frames[index - 1] ?? zeros)]);
  let y = mapValues(conv(weights, `${name}.conv.0`, { ...x, frames: seen }), relu);
  y = mapValues(conv(weights, `${name}.conv.2`, y), relu);
  y = conv(weights, `${name}.conv.4`, y);
  const sums = y.frames.map((frame, index) =>
    frame.map((plane, channel) => plane.map((value, at) => relu(value + x.frames[index][channel][at]))),
  );
  return { ...y, frames: sums };
}

/** A kernel of 3x3 with zeros all around, or of 1x1. */
function conv(weights: Weights, name: string, { frames, height, width }: PlainVideo, stride = 1): PlainVideo {
  const { shape, values } = weights.get(`${name}.weight`) as { shape: readonly number[]; values: Float32Array };
  const bias = weights.get(`${name}.bias`)?.values;
  const [outputs, inputs, kernel] = shape;
  const pad = (kernel - 1) / 2;
  const [rows, columns] = [height / stride, width / stride];
  const made = frames.map((frame) =>
    Array.from({ length: outputs }, (_, out) => {
      const plane = new Float64Array(rows * columns).fill(bias?.[out] ?? 0);
      for (let index = 0; index < plane.length; index++) {
        for (let tap = 0; tap < kernel * kernel; tap++) {
          const row = Math.floor(index / columns) * stride + Math.floor(tap / kernel) - pad;
          const column = (index % columns) * stride + (tap % kernel) - pad;
          if (row < 0 || row >= height || column < 0 || column >= width) continue;
          for (let input = 0; input < inputs; input++) {
            plane[index] += values[(out * inputs + input) * kernel * kernel + tap] * frame[input][row * width + column];
          }
        }
      }
      return plane;
    }),
  );
  return { frames: made, height: rows, width: columns };
}

function twice({ frames, height, width }: PlainVideo): PlainVideo {
  return gather(frames[0].length, frames, 2 * height, 2 * width, (frame, channel, row, column) => {
    return frame[channel][Math.floor(row / 2) * width + Math.floor(column / 2)];
  });
}

function shuffle({ frames, height, width }: PlainVideo, side: number): PlainVideo {
  return gather(frames[0].length / side ** 2, frames, height * side, width * side, (frame, channel, row, column) => {
    const plane = frame[channel * side ** 2 + (row % side) * side + (column % side)];
    return plane[Math.floor(row / side) * width + Math.floor(column / side)];
  });
}

function unshuffle({ frames, height, width }: PlainVideo, side: number): PlainVideo {
  const channels = frames[0].length * side ** 2;
  return gather(channels, frames, height / side, width / side, (frame, channel, row, column) => {
    const inside = channel % side ** 2;
    const plane = frame[Math.floor(channel / side ** 2)];
    return plane[(row * side + Math.floor(inside / side)) * width + column * side + (inside % side)];
  });
}

function gather(
  channels: number,
  frames: PlainVideo['frames'],
  height: number,
  width: number,
  valueAt: (frame: readonly Float64Array[], channel: number, row: number, column: number) => number,
): PlainVideo {
  const made = frames.map((frame) =>
    Array.from({ length: channels }, (_, channel) =>
      Float64Array.from({ length: height * width }, (_, at) =>
        valueAt(frame, channel, Math.floor(at / width), at % width),
      ),
    ),
  );
  return { frames: made, height, width };
}

function mapValues(x: PlainVideo, map: (value: number) => number): PlainVideo {
  return { ...x, frames: x.frames.map((frame) => frame.map((plane) => plane.map(map))) };
}

function relu(value: number): number {
  return Math.max(value, 0);
}

function chunks<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: items.length / size }, (_, at) => items.slice(at * size, (at + 1) * size));
}
