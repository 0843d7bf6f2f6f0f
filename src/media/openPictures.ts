import { TokenTrimError } from '../errors.js';
import type { PictureSize } from './fitPicture.js';
import { imageSize, isPictureFolder, listPictures, readImage } from './readImage.js';
import { describeVideo, readVideo, type VideoRange } from './readVideo.js';

/** What a path holds. */
export interface PictureSource {
  readonly kind: 'image' | 'folder' | 'video';
  /** Pictures in it; of a video, at the frame rate asked for. */
  readonly frames: number;
  /** Pixels as it is shown, before anything is scaled or cut; of a folder, its first picture's. */
  readonly width: number;
  readonly height: number;
  /** A video's own frames per second, on average. */
  readonly fps?: number;
}

/** Which pictures to read, and the size to bring them to. `fps` matters for videos only. */
export type PictureRequest = PictureSize & VideoRange;

/**
 * Says what is at a path, by its contents and not by its name; decodes nothing.
 * @param fps the frame rate to count a video's pictures at
 * @throws TokenTrimError where there is nothing, or neither picture nor video
 */
export async function describePictures(path: string, fps?: number): Promise<PictureSource> {
  if (await isPictureFolder(path)) {
    const pictures = await listPictures(path);
    const first = await imageSize(pictures[0]);
    if (!first) throw unreadable(pictures[0]);
    return { kind: 'folder', frames: pictures.length, width: first.width, height: first.height };
  }
  const image = await imageSize(path);
  if (image) return { kind: 'image', frames: 1, width: image.width, height: image.height };
  const video = await describeVideo(path, fps);
  if (!video) throw unreadable(path);
  return { kind: 'video', ...video };
}

/**
 * Reads the pictures of an image (png, jpeg, webp and others), of a folder of images in the order of their names, or of a
 * video (mp4, mov, webm, mkv), one at a time.
 *
 * A video's pictures are taken as they are, whatever its frame rate, as the official code does: shown at 16 frames a second
 * a video of 30 then runs at half its speed. With `fps` they are chosen by time instead, so that it keeps its speed.
 * @returns pictures [height, width, 3], -1 ... 1, cut evenly to the proportions asked for
 * @throws TokenTrimError where something is missing, damaged, cut off or of no known kind
 */
export async function* openPictures(path: string, request: PictureRequest): AsyncGenerator<Float32Array> {
  const { skip = 0, maxFrames = Number.POSITIVE_INFINITY } = request;
  const { kind } = await describePictures(path);
  if (kind === 'video') {
    yield* readVideo(path, request, request);
    return;
  }
  const pictures = kind === 'folder' ? await listPictures(path) : [path];
  for (const picture of pictures.slice(skip, skip + maxFrames)) {
    if (kind === 'folder' && !(await imageSize(picture))) throw unreadable(picture);
    yield await readImage(picture, request);
  }
}

function unreadable(path: string): TokenTrimError {
  return new TokenTrimError(
    `Cannot read ${path}: it is neither a picture (png, jpeg, webp) nor a video (mp4, mov, webm, mkv), or its first bytes ` +
      'are damaged.',
  );
}
