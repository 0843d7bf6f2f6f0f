import { boxesIn } from './mp4Boxes.js';

/** Boxes that begin with a version, flags, and the times of creation and change (ISO/IEC 14496-12, sections 8.2 to 8.4). */
const TIMED = new Set(['mvhd', 'tkhd', 'mdhd']);

/** Boxes around those. */
const AROUND = new Set(['moov', 'trak', 'mdia']);

/**
 * Sets the times of creation and change in a run of whole boxes to 0, which stands for unknown: the same video is the same
 * bytes on any day. The muxer has no option for it.
 */
export function clearTimes(boxes: Uint8Array): void {
  for (const { type, content, end } of boxesIn(boxes)) {
    if (AROUND.has(type)) clearTimes(boxes.subarray(content, end));
    if (TIMED.has(type)) boxes.fill(0, content + 4, content + 4 + (boxes[content] === 1 ? 16 : 8));
  }
}
