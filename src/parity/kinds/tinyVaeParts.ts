import type { TinyVaeConfig } from '../../models/wan/tinyVae/tinyVaeConfig.js';
import { DECODER_STAGES } from '../../models/wan/tinyVae/tinyVaeTensors.js';
import { elementCount } from '../../tensor/shape.js';
import type { ParityOutput } from './input.js';
import type { Part } from './partRecorder.js';

/**
 * What the decoder's parts are by module: where it makes frames before it enlarges them, and upstream after, the two are
 * put into upstream's order.
 */
export function* modulesOf(parts: readonly Part[], config: TinyVaeConfig): Generator<ParityOutput> {
  for (const part of parts) {
    const module = Number(part.name.slice('decoder.'.length));
    const scaleOf = (first: number) => (config.decoder_space_upscale[DECODER_STAGES.indexOf(first as 3)] ? 2 : 1);
    if (DECODER_STAGES.some((first) => first + 4 === module)) {
      const frames = config.decoder_time_upscale[DECODER_STAGES.indexOf((module - 4) as 3)] ? 2 : 1;
      yield frameMajor(enlarged(unfolded(part, frames), scaleOf(module - 4)));
    } else yield frameMajor(part);
    if (DECODER_STAGES.some((first) => first + 2 === module)) {
      yield frameMajor(enlarged({ ...part, name: `decoder.${module + 1}` }, scaleOf(module - 2)));
    }
  }
}

/** Frames [height, width, channels] as an output [frames, channels, height, width]. */
export function frameMajor({ name, row, values }: Part): ParityOutput {
  const [height, width, channels] = row;
  const area = height * width;
  const actual = new Float64Array(values.length);
  for (let index = 0; index < values.length; index++) {
    const [pixel, channel] = [Math.floor(index / channels), index % channels];
    actual[(Math.floor(pixel / area) * channels + channel) * area + (pixel % area)] = values[index];
  }
  return { name, actual, shape: [values.length / elementCount(row), channels, height, width] };
}

/** Patches as pixels, by PyTorch's pixel_shuffle. */
export function shuffled({ name, row, values }: Part, patch: number): Part {
  const [height, width, inside] = row;
  const channels = inside / (patch * patch);
  const to = [height * patch, width * patch, channels];
  return gathered(name, to, values.length, (frame, y, x, channel) => {
    const from = (frame * height + Math.floor(y / patch)) * width + Math.floor(x / patch);
    return values[from * inside + (channel * patch + (y % patch)) * patch + (x % patch)];
  });
}

/** Frames that lie side by side in the channels, one after the other. */
function unfolded({ name, row, values }: Part, frames: number): Part {
  const [height, width, inside] = row;
  const channels = inside / frames;
  return gathered(name, [height, width, channels], values.length, (frame, y, x, channel) => {
    const from = (Math.floor(frame / frames) * height + y) * width + x;
    return values[from * inside + (frame % frames) * channels + channel];
  });
}

/** Every pixel repeated both ways. */
function enlarged({ name, row, values }: Part, scale: number): Part {
  const [height, width, channels] = row;
  const to = [height * scale, width * scale, channels];
  return gathered(name, to, values.length * scale * scale, (frame, y, x, channel) => {
    const from = (frame * height + Math.floor(y / scale)) * width + Math.floor(x / scale);
    return values[from * channels + channel];
  });
}

function gathered(
  name: string,
  row: readonly number[],
  count: number,
  valueAt: (frame: number, y: number, x: number, channel: number) => number,
): Part {
  const [height, width, channels] = row;
  const values = Array.from({ length: count }, (_, index) => {
    const pixel = Math.floor(index / channels);
    const inFrame = pixel % (height * width);
    const frame = Math.floor(pixel / (height * width));
    return valueAt(frame, Math.floor(inFrame / width), inFrame % width, index % channels);
  });
  return { name, row, values };
}
