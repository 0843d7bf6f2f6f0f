import type { Device } from '../../tensor/device.js';
import type { Tensor } from '../../tensor/tensor.js';
import { toFloat32 } from '../../weights/convert.js';
import type { TensorSource } from '../../weights/tensorSource.js';
import type { ParityOutput } from './input.js';
import { uploadInput } from './model.js';

// The bidirectional cases have videos as [channels, frames, height, width], without a batch axis, and prompts without
// their padding; models here take frames outside channels, and prompts padded.

/** A video of a case's file as [frames, channels, height, width]. */
export async function uploadVideo(device: Device, source: TensorSource, name: string): Promise<Tensor> {
  const { dtype, shape } = source.info(name);
  const [channels, frames, height, width] = shape;
  const values = toFloat32(await source.read(name), dtype);
  return device.upload(swapAxes(values, channels, frames, height * width), [frames, channels, height, width]);
}

/** A video [frames, channels, height, width] as an output. */
export async function videoOutput(name: string, video: Tensor): Promise<ParityOutput> {
  const [frames, channels, height, width] = video.shape;
  const values = await video.device.read(video);
  const actual = swapAxes(values, frames, channels, height * width);
  return { name, actual, shape: [channels, frames, height, width] };
}

/** A prompt of a case's file [tokens, text_dim], with rows of zeros up to `length`. */
export async function uploadPrompt(
  device: Device,
  source: TensorSource,
  name: string,
  length: number,
): Promise<Tensor> {
  const [tokens, width] = source.info(name).shape;
  const rows = (await uploadInput(device, source, name)).reshape(tokens, width);
  const padded = device.zeros([length, width]);
  device.updateRows(padded, 0, rows, 0, tokens);
  rows.dispose();
  return padded;
}

/** [outer, inner, size] as [inner, outer, size]. */
export function swapAxes(values: ArrayLike<number>, outer: number, inner: number, size: number): Float64Array {
  const swapped = new Float64Array(outer * inner * size);
  for (let first = 0; first < outer; first++) {
    for (let second = 0; second < inner; second++) {
      const [from, to] = [(first * inner + second) * size, (second * outer + first) * size];
      for (let index = 0; index < size; index++) swapped[to + index] = values[from + index];
    }
  }
  return swapped;
}
