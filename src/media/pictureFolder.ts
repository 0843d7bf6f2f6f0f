import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ensure, TokenTrimError } from '../errors.js';

// Apart from what opens pictures (readImage.ts), so that a run which reads none does not load the library for it.

/** What a folder's pictures end in. */
const PICTURE_NAME = /\.(png|jpe?g|webp)$/i;

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
