import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import { PNG_MARK } from '../node/files/ownFile.js';
import type { FrameMark, FrameSink, MediaTags, VideoFormat } from './frame.js';
import { openFrameFolder } from './frameFolder.js';
import { guardedSink } from './guardedSink.js';

/** A folder of `frame-00000.png`, `frame-00001.png`, ...; `openFrameFolder` says what of an earlier run they replace. */
export async function openPngFrames(
  folder: string,
  format: VideoFormat,
  force = false,
  from?: FrameMark,
): Promise<FrameSink> {
  const { width, height, fps, tags } = format;
  const frames = await openFrameFolder(folder, force, from);
  const writer = {
    async write({ rgba }: { rgba: Uint8Array }, index: number) {
      const png = await sharp(rgba, { raw: { width, height, channels: 4 } })
        .removeAlpha()
        .png({ compressionLevel: 6 })
        .toBuffer();
      await frames.add(index, markedPng(png, tags));
    },
    mark: () => frames.mark(),
    finish: (isEarly: boolean, record?: string) => frames.finish(isEarly, record),
    release: () => frames.release(),
  };
  const pattern = `${folder.replace(/[/\\]+$/, '')}/frame-%05d.png`;
  const note = `Make a video of the frames with: ffmpeg -framerate ${fps} -i "${pattern}" -pix_fmt yuv420p -crf 12 video.mp4`;
  return guardedSink(writer, format, { path: folder, encoder: 'png', note }, from);
}

/** The signature and the header chunk (IHDR), behind which all others may come. */
const HEADER_BYTES = 8 + 25;

/** Keywords of the PNG specification (https://www.w3.org/TR/png-3/, section 11.3.3). */
const KEYWORDS = { description: 'Description', software: 'Software', comment: 'Comment' } as const;

/**
 * A PNG with the mark of this program, a chunk without contents, and tags as international text (UTF-8). sharp writes none.
 * @param png as sharp makes it
 */
export function markedPng(png: Uint8Array, tags: MediaTags = {}): Buffer {
  const texts = Object.entries(KEYWORDS).flatMap(([tag, keyword]) => {
    const text = tags[tag as keyof MediaTags]?.replaceAll('\0', '\uFFFD');
    // Keyword, 0; not compressed (0, 0); no language, 0; no translation, 0; text.
    return text === undefined ? [] : [chunk('iTXt', `${keyword}\0\0\0\0\0${text}`)];
  });
  return Buffer.concat([png.subarray(0, HEADER_BYTES), chunk(PNG_MARK), ...texts, png.subarray(HEADER_BYTES)]);
}

/** Length, type, data, checksum. */
function chunk(type: string, data = ''): Buffer {
  const content = Buffer.from(`${type}${data}`);
  const bytes = Buffer.alloc(4 + content.length + 4);
  bytes.writeUInt32BE(content.length - type.length, 0);
  content.copy(bytes, 4);
  bytes.writeUInt32BE(crc32(content), 4 + content.length);
  return bytes;
}
