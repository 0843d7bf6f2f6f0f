import { crc32 } from 'node:zlib';
import { box } from './mp4Boxes.js';

// What a finished video says of how it was made stands at its end, since some of that is known only then: in an .mp4 in a box
// that players pass over, in a folder of frames in a text chunk of the last PNG.

/** The type of the box: any that nobody else has (ISO/IEC 14496-12, section 4.2). */
export const RECORD_UUID = Buffer.from('7c1f7e0d5a0b4a4f9d6b746f6b656e74', 'hex');

/** How the contents of the chunk begin: its keyword; not compressed, no language, no translation. */
export const RECORD_TEXT = 'tokentrim\0\0\0\0\0';

export function recordBox(record: string): Buffer {
  return box('uuid', RECORD_UUID, Buffer.from(record));
}

/** The last chunk of a PNG, IEND, which has no contents. */
const END_CHUNK = 12;

/** A PNG with a record before its end. */
export function recordedPng(png: Uint8Array, record: string): Buffer {
  const content = Buffer.from(`iTXt${RECORD_TEXT}${record}`);
  const chunk = Buffer.alloc(content.length + 8);
  chunk.writeUInt32BE(content.length - 4, 0);
  content.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(content), content.length + 4);
  return Buffer.concat([png.subarray(0, -END_CHUNK), chunk, png.subarray(-END_CHUNK)]);
}
