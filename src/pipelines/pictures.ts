import { toPixels } from '../kernels/toPixels.js';
import type { Tensor } from '../tensor/tensor.js';

/** A picture: rgba [height, width, 4], sRGB. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8Array;
}

/** Decoded frames [frames, height, width, 3] as pictures; frees them. */
export async function readPictures(decoded: Tensor): Promise<Picture[]> {
  const { device } = decoded;
  const [frames, height, width] = decoded.shape;
  const packed = device.scope(() => toPixels(decoded)); // [frames, height, width]
  decoded.dispose();
  const words = await device.readIndices(packed);
  packed.dispose();
  const size = height * width;
  return Array.from({ length: frames }, (_, index) => {
    const pixels = words.slice(index * size, (index + 1) * size);
    return { width, height, rgba: new Uint8Array(pixels.buffer) };
  });
}

/** Passes on the pictures of a video that are shown: `count` of them, after `hidden`. */
export function pictureFilter({ hidden, count }: { hidden: number; count: number }): (made: Picture[]) => Picture[] {
  let seen = 0;
  return (made) => {
    const from = Math.min(Math.max(hidden - seen, 0), made.length);
    const to = Math.min(Math.max(hidden + count - seen, 0), made.length);
    seen += made.length;
    return made.slice(from, to);
  };
}
