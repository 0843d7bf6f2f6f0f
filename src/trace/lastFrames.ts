import type { Tensor } from '../tensor/tensor.js';
import type { LatentFrame } from './predictions.js';

/** The last frame of each block in latents [frames, channels, height, width], read when the device comes to it. */
export function readLastFrames(latents: Tensor, framesPerBlock: number): Promise<LatentFrame[]> {
  const { device, shape } = latents;
  const [frames, ...frame] = shape;
  const [, height, width] = frame;
  const blocks = frames / framesPerBlock;
  const last = device.zeros([blocks, ...frame], latents.dtype); // read at once: each reading is a submission
  for (let block = 0; block < blocks; block++)
    device.updateRows(last, block, latents, (block + 1) * framesPerBlock - 1, 1);
  const size = last.size / blocks;
  const reading = device
    .read(last)
    .then((values) =>
      Array.from({ length: blocks }, (_, block) => ({
        values: values.subarray(block * size, (block + 1) * size),
        height,
        width,
      })),
    )
    .finally(() => last.dispose());
  reading.catch(() => undefined); // awaited at the end of the block
  return reading;
}
