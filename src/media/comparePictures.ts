import { openPictures } from './openPictures.js';

/** How far two videos are apart. */
export interface PictureDistance {
  /** Frames that both have. */
  readonly frames: number;
  /** Of a value from 0 to 255: the largest difference, and the mean of all. */
  readonly max: number;
  readonly mean: number;
  /** Peak signal-to-noise ratio over all of them, in decibels; null where they are the same. */
  readonly psnr: number | null;
}

/**
 * Compares two videos, or folders of frames, as they come out of their files.
 * @throws TokenTrimError where one of them cannot be read
 */
export async function comparePictures(
  one: string,
  other: string,
  size: { readonly width: number; readonly height: number },
  signal?: AbortSignal,
): Promise<PictureDistance> {
  const [first, second] = [one, other].map((path) => openPictures(path, { ...size, signal }));
  let [frames, max, sum, squares, values] = [0, 0, 0, 0, 0];
  try {
    for (;;) {
      const [left, right] = await Promise.all([first.next(), second.next()]);
      if (left.done || right.done) break;
      frames++;
      values += left.value.length;
      for (let at = 0; at < left.value.length; at++) {
        const difference = Math.abs(left.value[at] - right.value[at]) * 127.5;
        max = Math.max(max, difference);
        sum += difference;
        squares += difference * difference;
      }
    }
  } finally {
    await Promise.all([first.return(undefined), second.return(undefined)]);
  }
  const psnr = squares > 0 ? 10 * Math.log10((255 * 255 * values) / squares) : null;
  return { frames, max: Math.round(max), mean: values > 0 ? sum / values : 0, psnr };
}
