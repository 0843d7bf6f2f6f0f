import { createHash, type Hash } from 'node:crypto';
import type { FileMark, VideoFormat } from './frame.js';
import type { VideoGroup } from './h264Group.js';
import { movieHead, ticksPerSecond } from './movieHead.js';
import { box, fullBox, u32, u64 } from './mp4Boxes.js';
import { recordBox } from './recordBox.js';

/** Where the bytes go. */
export interface Mp4Target {
  write(data: Uint8Array, position: number): Promise<void>;
  /** Cuts a file back to what is whole. */
  truncate?(size: number): Promise<void>;
  /** A pipe, which takes bytes in their order and cannot go back. */
  readonly isStream?: boolean;
}

export interface FragmentedMp4 {
  /** The next pictures; resolves when they are in the file. */
  add(group: VideoGroup): Promise<void>;
  /** What is in the file. */
  mark(): FileMark;
  /** @param record what the file says of how it was made */
  finish(record?: string): Promise<void>;
}

/** Where a file stands, which is all that writing on takes. */
export interface Mp4Progress {
  frames: number;
  bytes: number;
  readonly hash: Hash;
  /** Ticks of the track in a second. */
  timescale: number;
  /** For each fragment its first frame, and where it begins. */
  readonly fragments: { readonly frame: number; readonly offset: number }[];
}

/**
 * An .mp4 that grows in fragments (ISO/IEC 14496-12, section 8.8), one for each group of pictures. A file that stops anywhere
 * plays up to its last whole fragment, and no picture is kept in memory.
 * @param earlier what the file holds already
 */
export function fragmentedMp4(
  target: Mp4Target,
  format: Pick<VideoFormat, 'fps' | 'tags'>,
  earlier?: Mp4Progress,
): FragmentedMp4 {
  const done: Mp4Progress = earlier ?? { frames: 0, bytes: 0, hash: createHash('sha256'), timescale: 0, fragments: [] };

  async function append(boxes: Uint8Array): Promise<void> {
    await (target.isStream ? target.write(boxes, done.bytes) : writeWhole(target, boxes, done.bytes));
    done.hash.update(boxes);
    done.bytes += boxes.length;
  }

  const ticks = (frame: number) => Math.round((frame * done.timescale) / format.fps);

  return {
    async add(group) {
      const isFirst = done.bytes === 0;
      const head = isFirst ? await movieHead(group, format) : new Uint8Array();
      if (isFirst) done.timescale = ticksPerSecond(head)!;
      const { frames, fragments } = done;
      fragments.push({ frame: frames, offset: done.bytes + head.length });
      await append(Buffer.concat([head, fragment(fragments.length, group.packets, frames, ticks)]));
      done.frames += group.packets.length;
    },
    mark: () => ({ frames: done.frames, bytes: done.bytes, sha256: done.hash.copy().digest('hex') }),
    async finish(record) {
      if (record !== undefined) await append(recordBox(record));
      await append(fragmentIndex(done, ticks));
    },
  };
}

/** The muxer numbers tracks from here. */
const TRACK = 1;

/** Flags of samples (section 8.8.3.1): one that depends on no other, and one that does and is no place to begin. */
const KEY = 0x02000000;
const DELTA = 0x01010000;

/** A `moof` and its `mdat`. @param number counts fragments from 1 @param first the frame of the first packet */
function fragment(
  number: number,
  packets: readonly Uint8Array[],
  first: number,
  ticks: (frame: number) => number,
): Buffer {
  const samples = packets.flatMap(({ length }, index) => {
    const frame = first + index;
    return [ticks(frame + 1) - ticks(frame), length];
  });
  const movie = (offset: number) =>
    box(
      'moof',
      fullBox('mfhd', 0, 0, u32(number)),
      box(
        'traf',
        fullBox('tfhd', 0, 0x20020, u32(TRACK, DELTA)), // offsets are the moof's; what samples are
        fullBox('tfdt', 1, 0, u64(ticks(first))),
        fullBox('trun', 0, 0x305, u32(packets.length, offset, KEY, ...samples)), // durations and sizes; the first is a key
      ),
    );
  return Buffer.concat([movie(movie(0).length + 8), box('mdat', ...packets)]);
}

/** The `mfra` at the end, by which readers find a time without reading every fragment (section 8.8.9). */
function fragmentIndex({ fragments }: Mp4Progress, ticks: (frame: number) => number): Buffer {
  const entries = fragments.map(({ frame, offset }) => Buffer.concat([u64(ticks(frame)), u64(offset), u32(1, 1, 1)]));
  const table = fullBox('tfra', 1, 0, u32(TRACK, 0b111111, fragments.length), ...entries); // numbers of 32 bits
  return box('mfra', table, fullBox('mfro', 0, 0, u32(8 + table.length + 16)));
}

/**
 * Writes a run of boxes so that it counts as a whole or not at all: its first 8 bytes (size and type of the first box)
 * come last. Until then they are zeros, and readers stop there. ffmpeg refuses a whole file that ends inside a `moof`.
 */
async function writeWhole(file: Mp4Target, data: Uint8Array, position: number): Promise<void> {
  try {
    await file.write(data.subarray(8), position + 8);
    await file.write(data.subarray(0, 8), position);
  } catch (error) {
    await file.truncate?.(position).catch(() => undefined);
    throw error;
  }
}
