import { stat } from 'node:fs/promises';
import { ensure, TokenTrimError } from '../errors.js';
import { beginning } from '../node/files/plainFile.js';
import { type FileKind, fileKind, type KindGroup } from './fileKinds.js';

/** Bytes that say what a file is, and how the first picture of a TIFF file is described. */
const HEAD = 65_536;

/** A video that every decoder reads, made of any other. */
export function convertVideo(path: string): string {
  return `ffmpeg -i "${path}" -pix_fmt yuv420p -c:v libx264 -crf 12 video.mp4`;
}

const ADVICE: Record<KindGroup, (name: string, path: string) => string> = {
  picture: (name) => `it is ${name}, which cannot be decoded here: convert it to JPEG or PNG`,
  drawing: (name) => `it is ${name}, which has no pixels of its own: export it as PNG`,
  video: (name, path) => `it is ${name}, which is not read here: convert it, for instance with ${convertVideo(path)}`,
  sound: (name) => `it is ${name}: there are no pictures in it`,
  pointer: (name) => `it is ${name}, which stands for the file: fetch the file itself with "git lfs pull"`,
  page: (name) => `it is ${name}, not the file that was to be downloaded: open it in a browser to see why`,
  other: (name) => `${NEITHER}, but ${name}: check the path`,
};

const NEITHER = 'it is neither a picture (png, jpeg, webp) nor a video (mp4, mov, webm, mkv)';

/** The error for a file that is of a kind which is not read here. */
export function refusal(path: string, { name, group }: FileKind): TokenTrimError {
  return new TokenTrimError(`Cannot read ${path}: ${ADVICE[group](name, path)}.`);
}

/** @throws TokenTrimError where a file is of a kind that is known and not read here: what it is and what to do */
export async function refuseKnown(path: string): Promise<void> {
  const found = await stat(path);
  ensure(found.isFile(), `Cannot read ${path}: expected a file, found a folder, a pipe or a device.`);
  const head = await beginning(path, HEAD);
  const kind = fileKind(head.subarray(0, 4096));
  if (kind) throw refusal(path, kind);
  if (isCameraRaw(head))
    throw refusal(path, { name: 'a camera RAW picture (DNG, NEF, ARW or the like)', group: 'picture' });
}

/** The error for a file that nothing here can read. */
export function unreadable(path: string): TokenTrimError {
  return new TokenTrimError(`Cannot read ${path}: ${NEITHER}, or its first bytes are damaged.`);
}

/**
 * Whether a TIFF file is a camera's: its first picture is then a thumbnail, which would be read in the place of the
 * photograph. Tags of TIFF 6.0 and DNG 1.4: 254 NewSubfileType, 271 Make, 330 SubIFDs, 50706 DNGVersion.
 */
function isCameraRaw(head: Buffer): boolean {
  const order = head.toString('latin1', 0, 4);
  if (order !== 'II*\0' && order !== 'MM\0*') return false;
  const [u16, u32] =
    order === 'II*\0'
      ? [(at: number) => head.readUInt16LE(at), (at: number) => head.readUInt32LE(at)]
      : [(at: number) => head.readUInt16BE(at), (at: number) => head.readUInt32BE(at)];
  const start = head.length < 8 ? head.length : u32(4);
  if (start + 2 > head.length) return false;
  const tags = new Map<number, number>();
  for (let at = start + 2, left = u16(start); left > 0 && at + 12 <= head.length; at += 12, left--) {
    tags.set(u16(at), u32(at + 8));
  }
  return tags.has(50706) || ((tags.get(254) ?? 0) & 1) === 1 || (tags.has(271) && tags.has(330));
}
