import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import { PNG_MARK } from '../node/files/ownFile.js';
import type { FrameSink, VideoFormat } from './frame.js';
import { openFrameFolder } from './frameFolder.js';
import { guardedSink } from './guardedSink.js';
import { pngWithText } from './pngText.js';

/** A folder of `frame-00000.png`, `frame-00001.png`, ...; `openFrameFolder` says what of an earlier run they replace. */
export async function openPngFrames(folder: string, format: VideoFormat, force = false): Promise<FrameSink> {
  const { width, height, fps, tags } = format;
  const frames = await openFrameFolder(folder, force);
  const writer = {
    async write({ rgba }: { rgba: Uint8Array }, index: number) {
      const png = await sharp(rgba, { raw: { width, height, channels: 4 } })
        .removeAlpha()
        .png({ compressionLevel: 6 })
        .toBuffer();
      await frames.add(index, markPng(tags ? pngWithText(png, tags) : png));
    },
    finish: (isEarly: boolean) => frames.finish(isEarly),
    release: () => frames.release(),
  };
  const pattern = `${folder.replace(/[/\\]+$/, '')}/frame-%05d.png`;
  const note = `Make a video of the frames with: ffmpeg -framerate ${fps} -i "${pattern}" -pix_fmt yuv420p -crf 12 video.mp4`;
  return guardedSink(writer, format, { path: folder, encoder: 'png', note });
}

/** Where the first chunk ends: 8 bytes of signature, then IHDR. */
const AFTER_HEADER = 33;

/** Puts the mark of this program behind the header: a chunk without contents. */
function markPng(png: Uint8Array): Buffer {
  const chunk = Buffer.alloc(12);
  chunk.write(PNG_MARK, 4, 'latin1');
  chunk.writeUInt32BE(crc32(chunk.subarray(4, 8)), 8);
  return Buffer.concat([png.subarray(0, AFTER_HEADER), chunk, png.subarray(AFTER_HEADER)]);
}
