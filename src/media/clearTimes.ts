/** Boxes that begin with a version, flags, and the times of creation and change (ISO/IEC 14496-12, sections 8.2 to 8.4). */
const TIMED = new Set(['mvhd', 'tkhd', 'mdhd']);

/** Boxes around those. */
const AROUND = new Set(['moov', 'trak', 'mdia']);

/**
 * Sets the times of creation and change in a run of whole boxes to 0, which stands for unknown: the same video is the same
 * bytes on any day. The muxer has no option for it.
 */
export function clearTimes(boxes: Uint8Array): void {
  const view = new DataView(boxes.buffer, boxes.byteOffset, boxes.byteLength);
  for (let at = 0; at + 8 <= boxes.length; ) {
    const size = view.getUint32(at) || boxes.length - at; // 0 is the rest of the file
    if (size < 8) return; // a size in 64 bits: media data, after which nothing of this kind comes
    const type = String.fromCharCode(...boxes.subarray(at + 4, at + 8));
    const end = Math.min(at + size, boxes.length);
    if (AROUND.has(type)) clearTimes(boxes.subarray(at + 8, end));
    if (TIMED.has(type)) boxes.fill(0, at + 12, at + 12 + (boxes[at + 8] === 1 ? 16 : 8));
    at = end;
  }
}
