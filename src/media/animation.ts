import { extname } from 'node:path';
import sharp from 'sharp';
import { ensure } from '../errors.js';
import type { Frame } from './frame.js';

/**
 * Writes a looping animated `.webp` (lossless) or `.gif` of all `frames`, which have one size, for instance for a README.
 * Both formats count whole milliseconds (GIF: hundredths of a second), so `fps` is kept only that exactly.
 */
export async function writeAnimation(frames: readonly Frame[], path: string, fps: number): Promise<void> {
  const extension = extname(path).toLowerCase();
  ensure(extension === '.webp' || extension === '.gif', `An animation is .webp or .gif, but ${path} is neither.`);
  ensure(frames.length > 0, `An animation needs at least one frame, but ${path} got none.`);
  const { width, height } = frames[0];

  const strip = Buffer.concat(frames.map((frame) => frame.rgba)); // [frames * height, width, 4]
  const image = sharp(strip, {
    raw: { width, height: height * frames.length, channels: 4, pageHeight: height },
    limitInputPixels: false,
  });
  const timing = { delay: frames.map(() => Math.round(1000 / fps)), loop: 0 };
  await (extension === '.webp' ? image.webp({ ...timing, lossless: true }) : image.gif(timing)).toFile(path);
}
