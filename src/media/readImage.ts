import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import sharp, { type Metadata } from 'sharp';
import { ensure, TokenTrimError } from '../errors.js';
import { HEIC } from './fileKinds.js';
import { fitPicture, type PictureSize } from './fitPicture.js';
import { refusal, refuseKnown } from './recogniseFile.js';

/** Formats with pixels of their own, by the names that sharp has for them; SVG and PDF are drawings. */
const FORMATS = ['png', 'jpeg', 'jpg', 'webp', 'gif', 'tiff', 'heif', 'avif'];

/** What a folder's pictures end in. */
const PICTURE_NAME = /\.(png|jpe?g|webp)$/i;

/**
 * Size of an image as it is shown, and its number of pictures where it is an animation; undefined where a file is no image.
 * @throws TokenTrimError where it is one, but its header is damaged, or it is of a kind that is not read here
 */
export async function imageSize(path: string): Promise<(PictureSize & { animation?: number }) | undefined> {
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
  return ['gif', 'webp', 'heif'].includes(format) && pages > 1 ? { ...autoOrient, animation: pages } : autoOrient;
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

/**
 * The pictures of a folder in the order of their names, numbers in them counted as numbers: frame-2 before frame-10.
 * @throws TokenTrimError where there is none
 */
export async function listPictures(folder: string): Promise<string[]> {
  const order = new Intl.Collator('en', { numeric: true });
  const all = (await readdir(folder)).filter((name) => !name.startsWith('.'));
  const names = all.filter((name) => PICTURE_NAME.test(name));
  const [other] = all.sort((left, right) => order.compare(left, right));
  const found = other === undefined ? 'it is empty' : `found ${all.length} other files, such as ${other}`;
  ensure(
    names.length > 0,
    `There is no picture in ${folder}: expected files such as frame-00000.png (.png, .jpg, .webp), ${found}.`,
  );
  return names.sort((left, right) => order.compare(left, right)).map((name) => join(folder, name));
}

/** Whether a path is a folder. @throws TokenTrimError where nothing is there, or it cannot be read */
export async function isPictureFolder(path: string): Promise<boolean> {
  try {
    const found = await stat(path);
    ensure(
      found.isDirectory() || found.isFile(),
      `Cannot read ${path}: it is neither a file nor a folder. Pass a picture, a video or a folder of pictures.`,
    );
    ensure(found.isDirectory() || found.size > 0, `Cannot read ${path}: the file is empty.`);
    return found.isDirectory();
  } catch (error) {
    if (error instanceof TokenTrimError) throw error;
    const { code = '', message } = error as NodeJS.ErrnoException;
    const reason =
      { ENOENT: 'there is no such file', ENOTDIR: 'part of the path is a file, not a folder' }[code] ?? message;
    throw new TokenTrimError(`Cannot read ${path}: ${reason}. Check the path.`, { cause: error });
  }
}

function damaged(path: string, error: unknown): TokenTrimError {
  const [reason] = (error as Error).message.split('\n');
  const advice = /pixel limit/.test(reason)
    ? 'it has more than 268 million pixels: make it smaller first'
    : `it is damaged or cut off (${reason}): save it again`;
  return new TokenTrimError(`Cannot read the picture ${path}: ${advice}.`, { cause: error });
}
