import {
  EncodedPacket,
  EncodedVideoPacketSource,
  Mp4OutputFormat,
  Output,
  StreamTarget,
  type StreamTargetChunk,
} from 'mediabunny';
import { MP4_MARK } from '../node/files/ownFile.js';
import { clearTimes } from './clearTimes.js';
import type { MediaTags, VideoFormat } from './frame.js';

/** H.264 in length-prefixed (avcC) form. `index` is the frame's place in the video, from 0. */
export interface VideoPacket {
  data: Uint8Array;
  key: boolean;
  index: number;
  /** Codec, size, avcC and colours; needed with the first packet. */
  decoderConfig?: VideoDecoderConfig;
}

/** Where the bytes go. */
export interface Mp4Target {
  write(data: Uint8Array, position: number): Promise<void>;
  /** Cuts a file back to what is whole. */
  truncate?(size: number): Promise<void>;
  /** A pipe, which takes bytes in their order and cannot go back. */
  readonly isStream?: boolean;
}

export interface FragmentedMp4 {
  /** Packets in decoding order. Resolves when every fragment that is whole by now is in the file. */
  add(packet: VideoPacket): Promise<void>;
  finish(): Promise<void>;
  /** Stops without finishing. What was flushed stays playable. */
  release(): Promise<void>;
}

/**
 * An .mp4 that grows in fragments (ISO/IEC 14496-12, section 8.8), one for each key frame, each on disk as soon as the
 * next key frame arrives. A file that stops anywhere plays up to its last whole fragment, and nothing is kept in memory.
 */
export function fragmentedMp4(target: Mp4Target, { fps, tags = {} }: Pick<VideoFormat, 'fps' | 'tags'>): FragmentedMp4 {
  let onDisk: Promise<void> = Promise.resolve();
  const stream = new WritableStream<StreamTargetChunk>({
    write({ data, position }) {
      clearTimes(data);
      mark(data);
      onDisk = target.isStream ? target.write(data, position) : writeWhole(target, data, position);
      return onDisk;
    },
  });
  const output = new Output({
    format: new Mp4OutputFormat({ fastStart: 'fragmented', minimumFragmentDuration: 0 }),
    target: new StreamTarget(stream),
  });
  const track = new EncodedVideoPacketSource('avc');
  output.addVideoTrack(track, { frameRate: fps });
  output.setMetadataTags({ comment: tags.comment, raw: itemsOf(tags) });
  // Starting writes the first box, so it waits for a packet: until then, an older file keeps its content.
  let started: Promise<void> | undefined;

  return {
    async add({ data, key, index, decoderConfig }) {
      started ??= output.start();
      await started;
      const packet = new EncodedPacket(data, key ? 'key' : 'delta', index / fps, 1 / fps);
      await track.add(packet, decoderConfig && { decoderConfig });
      await onDisk;
    },
    finish: () => output.finalize(),
    async release() {
      if (output.state === 'started') await output.cancel();
    },
  };
}

/** Tags by their atoms in iTunes' list, which ffmpeg and players know; the muxer has other names for some, or none. */
function itemsOf({ description, software }: MediaTags): Record<string, string> {
  return {
    ...(description === undefined ? {} : { desc: description }),
    ...(software === undefined ? {} : { '©too': software }),
  };
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

/** The muxer's name for the video handler. */
const HANDLER = 'MediabunnyVideoHandler';

/** Writes our name into the `hdlr` box, where a run of boxes has one. The muxer has no option for it. */
function mark(data: Uint8Array): void {
  const bytes = Buffer.from(data.buffer, data.byteOffset, Math.min(data.byteLength, 2 ** 18));
  const at = bytes.indexOf(HANDLER, 0, 'latin1');
  if (at >= 0 && bytes.subarray(0, at).includes('moov', 0, 'latin1')) bytes.write(MP4_MARK, at, 'latin1');
}

/** Frames between key frames: half a second, and so about what a killed run loses at most. */
export function keyFrameInterval(fps: number): number {
  return Math.max(1, Math.round(fps / 2));
}
