import type { PictureSize } from './fitPicture.js';
import { isPictureFolder, listPictures } from './pictureFolder.js';
import { imageSize, readImage } from './readImage.js';
import type { VideoRange } from './readVideo.js';
import { unreadable } from './recogniseFile.js';

/** What a path holds. */
export interface PictureSource {
  readonly kind: 'image' | 'folder' | 'video';
  /** Pictures in it; of a video, at the frame rate asked for; of an image 1, if it is an animation too. */
  readonly frames: number;
  /** Pixels as it is shown, before anything is scaled or cut; of a folder, its first picture's. */
  readonly width: number;
  readonly height: number;
  /** A video's own frames per second, on average. */
  readonly fps?: number;
  /** An image's pictures, where it is an animation. */
  readonly animation?: number;
  /** What a video, or a folder's first picture, says that it shows: of those made here, the prompt. */
  readonly description?: string;
}

/** Which pictures to read, and the size to bring them to. `fps` matters for videos only. */
export type PictureRequest = PictureSize & VideoRange;

/** Called while a long piece of work goes on. */
export type Alive = () => void;

/** What openPictures.ts has done in a process of its own: see there. */
export async function describePath(path: string, fps?: number, alive?: Alive): Promise<PictureSource> {
  if (await isPictureFolder(path)) {
    const pictures = await listPictures(path);
    const first = await imageSize(pictures[0]);
    if (!first) throw unreadable(pictures[0]);
    const { animation: _, ...shown } = first;
    return { kind: 'folder', frames: pictures.length, ...shown };
  }
  const image = await imageSize(path);
  if (image) return { kind: 'image', frames: 1, ...image };
  const { describeVideo } = await import('./readVideo.js'); // its parser is not needed for images
  const video = await describeVideo(path, fps, alive);
  if (!video) throw unreadable(path);
  return { kind: 'video', ...video };
}

/** @returns pictures [height, width, 3], 0 ... 255 */
export async function* readPictures(
  path: string,
  kind: PictureSource['kind'],
  request: PictureRequest,
  alive?: Alive,
): AsyncGenerator<Uint8Array> {
  const { skip = 0, maxFrames = Number.POSITIVE_INFINITY } = request;
  if (kind === 'video') {
    const { readVideo } = await import('./readVideo.js');
    yield* readVideo(path, request, request, alive);
    return;
  }
  const pictures = kind === 'folder' ? await listPictures(path) : [path];
  for (const picture of pictures.slice(skip, skip + maxFrames)) {
    if (kind === 'folder' && !(await imageSize(picture))) throw unreadable(picture);
    yield await readImage(picture, request);
  }
}
