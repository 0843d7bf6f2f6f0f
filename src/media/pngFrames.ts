import { readdir, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import type { FrameSink, FrameWriter, VideoFormat } from './frame.js';
import { guardedSink } from './guardedSink.js';
import { claimFolder } from './outputPath.js';
import { pngWithText } from './pngText.js';

const FRAME_NAME = /^frame-\d{5,}\.png$/;

/**
 * A folder of `frame-00000.png`, `frame-00001.png`, ... Frames of an earlier run in that folder are removed when the
 * first new frame arrives, so that two videos never mix; other files stay untouched.
 */
export async function openPngFrames(folder: string, format: VideoFormat): Promise<FrameSink> {
  const { width, height, fps, tags } = format;
  const claimed = await claimFolder(folder);
  let written = false;

  const writer: FrameWriter = {
    async write({ rgba }, index) {
      if (index === 0) await removeFrames(folder);
      const png = await sharp(rgba, { raw: { width, height, channels: 4 } })
        .removeAlpha()
        .png({ compressionLevel: 6 })
        .toBuffer()
        .then((bytes) => (tags ? pngWithText(bytes, tags) : bytes));
      const name = join(folder, `frame-${String(index).padStart(5, '0')}.png`);
      // A run that is killed in the middle of a frame must not leave half a picture under a frame's name.
      try {
        await writeFile(`${name}.part`, png);
        written = true;
        await rename(`${name}.part`, name);
      } catch (error) {
        await rm(`${name}.part`, { force: true });
        throw error;
      }
    },
    async finish() {},
    async release() {
      if (!written) await claimed.remove();
    },
  };

  const pattern = join(folder, 'frame-%05d.png');
  const note = `Make a video of the frames with: ffmpeg -framerate ${fps} -i "${pattern}" -pix_fmt yuv420p -crf 12 video.mp4`;
  return guardedSink(writer, format, { path: folder, encoder: 'png', note });
}

async function removeFrames(folder: string): Promise<void> {
  const names = await readdir(folder);
  await Promise.all(names.filter((name) => FRAME_NAME.test(name)).map((name) => unlink(join(folder, name))));
}
