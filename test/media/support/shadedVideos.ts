import { rgbaToI420 } from '../../../src/media/color.js';
import { openFrameSink } from '../../../src/media/frameSink.js';
import { flatFrame } from './clips.js';
import { type Clip, encodeClip } from './encodeClip.js';

// Videos whose pictures each have a shade of their own, 5 * index, by which they are told apart after reading.

export const SIZE = { width: 64, height: 48 };
const BT709 = { primaries: 'bt709', transfer: 'bt709', matrix: 'bt709', fullRange: false };

const shade = (index: number) => flatFrame([5 * index, 5 * index, 5 * index], SIZE.width, SIZE.height);

/** Records such a video as the program does, or one of other pictures. */
export async function record(path: string, frames: number, fps = 16, paint = shade): Promise<string> {
  const sink = await openFrameSink(path, { ...SIZE, fps });
  for (let index = 0; index < frames; index++) await sink.write(paint(index));
  await sink.close();
  return path;
}

/** Makes such a video as the program would not, or one of other pictures. */
export async function encode(path: string, clip: Pick<Clip, 'format' | 'times'> & Partial<Clip>): Promise<string> {
  const planes = (index: number) => rgbaToI420(shade(index).rgba, SIZE.width, SIZE.height);
  await encodeClip(path, { planes, colorSpace: BT709, size: SIZE, ...clip });
  return path;
}

/** Which pictures of such a video these are. */
export const numbers = (pictures: Float32Array[]) =>
  pictures.map((picture) => Math.round(((picture[900] + 1) * 127.5) / 5));
export const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);
