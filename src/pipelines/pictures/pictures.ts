import { toPixels } from '../../kernels/layout/toPixels.js';
import type { Tensor } from '../../tensor/tensor.js';
import { notFiniteError } from '../../tokentrim/notFinite.js';

/** A picture: rgba [height, width, 4], sRGB. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8Array;
}

/** The last byte of a pixel: `toPixels` leaves it out of one that is not made of numbers. */
const OPAQUE = 0xff000000;

/**
 * Decoded frames [frames, height, width, 3] of a block as pictures; frees them.
 * @throws TokenTrimError where they hold NaN or infinity
 */
export async function readPictures(decoded: Tensor, block?: number): Promise<Picture[]> {
  const { device } = decoded;
  const [frames, height, width] = decoded.shape;
  const packed = device.scope(() => toPixels(decoded)); // [frames, height, width]
  decoded.dispose();
  const words = await device.readIndices(packed);
  packed.dispose();
  if (device.kind !== 'planning' && words.some((word) => word < OPAQUE)) {
    const whose = block === undefined ? 'the latents' : `block ${block}`;
    throw notFiniteError(`The pictures that the VAE made of ${whose} hold NaN or infinity`);
  }
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
