import { expect } from 'vitest';
import { TokenTrimError } from '../../../src/errors.js';
import { openPictures, type PictureRequest } from '../../../src/media/openPictures.js';

/** All pictures that are asked for, [height, width, 3] each. */
export async function readAll(path: string, request: PictureRequest): Promise<Float32Array[]> {
  const pictures: Float32Array[] = [];
  for await (const picture of openPictures(path, request)) pictures.push(picture);
  return pictures;
}

/** What the user is told of a file that cannot be read. */
export async function messageFor(path: string, request: PictureRequest): Promise<string> {
  const error = await readAll(path, request).catch((reason: Error) => reason);
  expect(error).toBeInstanceOf(TokenTrimError);
  return (error as Error).message;
}
