import { BufferTarget, EncodedPacket, EncodedVideoPacketSource, Mp4OutputFormat, Output } from 'mediabunny';
import { MP4_MARK } from '../node/files/ownFile.js';
import { clearTimes } from './clearTimes.js';
import type { MediaTags, VideoFormat } from './frame.js';
import type { VideoGroup } from './h264Group.js';
import { findBox } from './mp4Boxes.js';

/**
 * What an .mp4 in fragments begins with: its type (`ftyp`) and the movie without samples (`moov`), as the muxer makes them
 * of the first group. The same group and tags give the same bytes on any day.
 */
export async function movieHead(
  { packets, decoderConfig }: VideoGroup,
  { fps, tags = {} }: Pick<VideoFormat, 'fps' | 'tags'>,
): Promise<Uint8Array> {
  const target = new BufferTarget();
  const output = new Output({ format: new Mp4OutputFormat({ fastStart: 'fragmented' }), target });
  const track = new EncodedVideoPacketSource('avc');
  output.addVideoTrack(track, { frameRate: fps });
  output.setMetadataTags({ comment: tags.comment, raw: itemsOf(tags) });
  await output.start();
  await track.add(new EncodedPacket(packets[0], 'key', 0, 1 / fps), { decoderConfig });
  await output.finalize();
  const file = new Uint8Array(target.buffer as ArrayBuffer);
  const head = file.slice(0, findBox(file, ['moof'])?.start);
  clearTimes(head);
  markHandler(head);
  return head;
}

/** The ticks in a second of the track (`mdhd`), of which `head` says how long each frame takes. */
export function ticksPerSecond(head: Uint8Array): number | undefined {
  const found = findBox(head, ['moov', 'trak', 'mdia', 'mdhd']);
  if (!found || found.end - found.content < 24) return undefined;
  const at = found.content + (head[found.content] === 1 ? 20 : 12);
  return new DataView(head.buffer, head.byteOffset).getUint32(at);
}

/** Tags by their atoms in iTunes' list, which ffmpeg and players know; the muxer has other names for some, or none. */
function itemsOf({ description, software }: MediaTags): Record<string, string> {
  return {
    ...(description === undefined ? {} : { desc: description }),
    ...(software === undefined ? {} : { '©too': software }),
  };
}

/** The muxer's name for the video handler. */
const HANDLER = 'MediabunnyVideoHandler';

/** Writes our name into the `hdlr` box. The muxer has no option for it. */
function markHandler(head: Uint8Array): void {
  const found = findBox(head, ['moov', 'trak', 'mdia', 'hdlr']);
  if (!found) return;
  const bytes = Buffer.from(head.buffer, head.byteOffset + found.start, found.end - found.start);
  const at = bytes.indexOf(HANDLER, 0, 'latin1');
  if (at >= 0) bytes.write(MP4_MARK, at, 'latin1');
}
