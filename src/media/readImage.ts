import sharp, { type Metadata } from 'sharp';
import { TokenTrimError } from '../errors.js';
import { HEIC } from './fileKinds.js';
import { fitPicture, type PictureSize } from './fitPicture.js';
import { refusal, refuseKnown } from './recogniseFile.js';

/** Formats with pixels of their own, by the names that sharp has for them; SVG and PDF are drawings. */
const FORMATS = ['png', 'jpeg', 'jpg', 'webp', 'gif', 'tiff', 'heif', 'avif'];

/** Letters of a picture's or a video's description that are passed on. */
export const LONGEST_DESCRIPTION = 10_000;

/**
 * Size of an image as it is shown, its number of pictures where it is an animation, and what a PNG says that it shows;
 * undefined where a file is no image.
 * @throws TokenTrimError where it is one, but its header is damaged, or it is of a kind that is not read here
 */
export async function imageSize(
  path: string,
): Promise<(PictureSize & { animation?: number; description?: string }) | undefined> {
  await refuseKnown(path);
  let found: Metadata;
  try {
    found = await sharp(path, { limitInputPixels: false }).metadata();
  } catch (error) {
    if (/unsupported image format/.test((error as Error).message)) return undefined;
    throw damaged(path, error);
  }
  const { format, compression, autoOrient, pages = 1 } = found;
  if (format === 'heif' && compression !== 'av1') throw refusal(path, HEIC);
  if (!FORMATS.includes(format)) return undefined;
  const description = found.comments?.find(({ keyword }) => keyword === 'Description')?.text;
  return {
    ...autoOrient,
    ...(['gif', 'webp', 'heif'].includes(format) && pages > 1 ? { animation: pages } : {}),
    ...(description ? { description: description.slice(0, LONGEST_DESCRIPTION) } : {}),
  };
}

/**
 * Reads an image, turned as its EXIF data says; of an animation the first picture.
 * @returns [size.height, size.width, 3], 0 ... 255
 * @throws TokenTrimError where it is damaged, cut off, or has more pixels than sharp opens (268 million)
 */
export async function readImage(path: string, size: PictureSize): Promise<Uint8Array> {
  try {
    return await fitPicture(sharp(path).autoOrient(), size);
  } catch (error) {
    throw damaged(path, error);
  }
}

function damaged(path: string, error: unknown): TokenTrimError {
  const [reason] = (error as Error).message.split('\n');
  const advice = /pixel limit/.test(reason)
    ? 'it has more than 268 million pixels: make it smaller first'
    : `it is damaged or cut off (${reason}): save it again`;
  return new TokenTrimError(`Cannot read the picture ${path}: ${advice}.`, { cause: error });
}
