import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { describePictures } from '../../src/media/openPictures.js';
import { messageFor, readAll } from './support/readPictures.js';

// Files that neither this program nor its encoders make: three pictures of 64x48, green (30, 180, 60) above red
// (220, 30, 40) at the left and blue (20, 60, 200) at the right; made with ffmpeg 5.1.9 at -crf 10, metadata removed.
const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/media/${name}`, import.meta.url));
const SIZE = { width: 64, height: 48 };

const REFUSED: Record<string, string> = {
  'rgb-h264.mp4': "its colours have the matrix 'rgb' (planes of green, blue and red)",
  'rgb-h264.mkv': "its colours have the matrix 'rgb'",
  'rgb-hevc.mov': "its colours have the matrix 'rgb'",
  'rgb-vp9.webm': "its colours have the matrix 'rgb'",
  'rgb-av1.mp4': "its colours have the matrix 'rgb'",
  'ycgco-h264.mp4': "its colours have the matrix 'ycgco'",
  'hlg-hevc.mp4': 'its brightness is HDR (HLG)',
  'full-444-h264.mp4': 'its pixels are 4:4:4 in full range, of which the decoder here gives a part only',
  'grey-hevc.mp4': 'its pixels are grey alone (4:0:0)',
  'ten-bit-hevc.mp4': 'its pixels are I420P10, expected 8 bits for each colour',
  'prores.mov': 'the codec ProRes (apco) is not one that can be decoded here',
  'mpeg4.mp4': 'the codec MPEG-4 Part 2 (DivX, Xvid) or MPEG-2 (mp4v) is not one that can be decoded here',
  'motion-jpeg.mkv': 'the codec Motion JPEG (V_MJPEG) is not one that can be decoded here',
  'picture.heic': 'it is a HEIC picture (HEVC), which cannot be decoded here: convert it to JPEG or PNG',
  'claims.mp4': 'the table ctts in its index claims 2919235608 samples, more than the 4661 bytes of the file can hold',
};
const ENDLESS = 'endless.webm'; // readerProcess.test.ts
const READ = ['full-444-vp9.webm', 'smpte240m-h264.mp4', 'fcc-av1.mkv'];

test.each(Object.entries(REFUSED))('%s is refused: %s', async (name, said) => {
  const message = await messageFor(fixture(name), SIZE);
  expect(message).toContain(`Cannot read ${fixture(name)}: ${said}`);
  if (/codec|matrix|pixels|brightness/.test(said))
    expect(message).toMatch(/Convert it first.*ffmpeg -i ".*" .*video\.mp4$/);
});

test.each(READ)('%s has the colours that were drawn', async (name) => {
  expect(await describePictures(fixture(name))).toMatchObject({ kind: 'video', ...SIZE });
  const pictures = await readAll(fixture(name), SIZE);
  expect(pictures).toHaveLength(3);
  const at = (column: number, row: number) =>
    [...pictures[0].subarray((row * 64 + column) * 3, (row * 64 + column) * 3 + 3)].map((value) => (value + 1) * 127.5);
  const expected: [number, number, number[]][] = [
    [32, 4, [30, 180, 60]],
    [10, 36, [220, 30, 40]],
    [54, 36, [20, 60, 200]],
  ];
  for (const [column, row, color] of expected) {
    // Measured: 2 at most. SMPTE 240M taken for BT.601 is off by 20, full range taken for limited by 25.
    for (const [channel, value] of at(column, row).entries()) expect(Math.abs(value - color[channel])).toBeLessThan(5);
  }
});

test('every fixture is tried', () => {
  expect(readdirSync(fixture('')).sort()).toEqual([...Object.keys(REFUSED), ...READ, ENDLESS].sort());
});
