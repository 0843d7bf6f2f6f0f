import { crc32 } from 'node:zlib';
import type { MediaTags } from './frame.js';

/** The PNG signature and the header chunk, which comes first: text goes behind them. */
const HEADER_BYTES = 8 + 25;

/** Keywords of the PNG specification (https://www.w3.org/TR/png-3/, section 11.3.3). */
const KEYWORDS = { description: 'Description', software: 'Software', comment: 'Comment' } as const;

/**
 * A PNG with tags as international text (iTXt, UTF-8). sharp writes none.
 * @param png as sharp makes it
 */
export function pngWithText(png: Uint8Array, tags: MediaTags): Uint8Array {
  const chunks = Object.entries(KEYWORDS).flatMap(([tag, keyword]) => {
    const text = tags[tag as keyof MediaTags];
    return text === undefined ? [] : [textChunk(keyword, text)];
  });
  return Buffer.concat([png.subarray(0, HEADER_BYTES), ...chunks, png.subarray(HEADER_BYTES)]);
}

/** Length, type, data, checksum. The data: keyword, 0; not compressed (0, 0); no language, 0; no translation, 0; text. */
function textChunk(keyword: string, text: string): Buffer {
  const content = Buffer.from(`iTXt${keyword}\0\0\0\0\0${text.replaceAll('\0', '\uFFFD')}`);
  const chunk = Buffer.alloc(4 + content.length + 4);
  chunk.writeUInt32BE(content.length - 4, 0);
  content.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(content), 4 + content.length);
  return chunk;
}
