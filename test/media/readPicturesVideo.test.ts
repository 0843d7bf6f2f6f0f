import { MkvOutputFormat, MovOutputFormat, Mp4OutputFormat, WebMOutputFormat } from 'mediabunny';
import { describe, expect, test } from 'vitest';
import { rgbaToI420 } from '../../src/media/color.js';
import { describePictures, openPictures } from '../../src/media/openPictures.js';
import { flatFrame, smoothFrame } from './support/clips.js';
import { useFolder } from './support/folder.js';
import { readAll } from './support/readPictures.js';
import { encode, numbers, range, record, SIZE } from './support/shadedVideos.js';

const inFolder = useFolder();

describe('our own videos', () => {
  test('every picture once, in order, and what the file says of itself', async () => {
    const path = await record(inFolder('own.mp4'), 41);
    expect(await describePictures(path)).toEqual({ kind: 'video', frames: 41, ...SIZE, fps: 16 });
    expect(numbers(await readAll(path, SIZE))).toEqual(range(0, 41));
  });

  test('the colours that were recorded', async () => {
    const colors = [
      [255, 0, 0],
      [0, 255, 0],
      [0, 0, 255],
      [20, 30, 90],
      [200, 100, 50],
      [0, 0, 0],
      [255, 255, 255],
    ] as const;
    const path = await record(inFolder('colors.mp4'), colors.length, 16, (index) =>
      flatFrame(colors[index], SIZE.width, SIZE.height),
    );
    const pictures = await readAll(path, SIZE);
    for (const [index, color] of colors.entries()) {
      const found = [...pictures[index].subarray(900, 903)].map((value) => (value + 1) * 127.5);
      // Measured: 3 at most, from 8-bit luma and chroma and from x264. BT.601 in the place of BT.709 is off by 23.
      for (const channel of [0, 1, 2]) expect(Math.abs(found[channel] - color[channel])).toBeLessThan(6);
    }
  });

  test('pictures with content, close to what was recorded', async () => {
    const path = await record(inFolder('smooth.mp4'), 12, 16, (index) => smoothFrame(index, SIZE.width, SIZE.height));
    const pictures = await readAll(path, SIZE);
    expect(pictures).toHaveLength(12);
    for (const [index, picture] of pictures.entries()) {
      const { rgba } = smoothFrame(index, SIZE.width, SIZE.height);
      let squares = 0;
      for (let at = 0; at < SIZE.width * SIZE.height; at++) {
        for (const channel of [0, 1, 2]) {
          squares += ((picture[at * 3 + channel] + 1) * 127.5 - rgba[at * 4 + channel]) ** 2;
        }
      }
      const error = Math.sqrt(squares / picture.length);
      expect(error).toBeLessThan(3); // the picture before or after is off by 10
    }
  });

  test('a part of it, from the key frame before', async () => {
    const path = await record(inFolder('part.mp4'), 45);
    expect(numbers(await readAll(path, { ...SIZE, skip: 37 }))).toEqual(range(37, 45));
    expect(numbers(await readAll(path, { ...SIZE, skip: 3, maxFrames: 4 }))).toEqual([3, 4, 5, 6]);
    expect(numbers(await readAll(path, { ...SIZE, maxFrames: 1 }))).toEqual([0]);
    expect(await readAll(path, { ...SIZE, skip: 45 })).toEqual([]);
  });

  test('reading can stop anywhere', async () => {
    const path = await record(inFolder('stop.mp4'), 20);
    for await (const picture of openPictures(path, SIZE)) {
      expect(picture).toHaveLength(SIZE.width * SIZE.height * 3);
      break;
    }
  });
});

describe('frame rates', () => {
  test('at its own rate a video stays as it is, to the picture', async () => {
    for (const fps of [16, 24000 / 1001]) {
      const path = await record(inFolder(`rate-${fps}.mp4`), 33, fps);
      expect(numbers(await readAll(path, { ...SIZE, fps }))).toEqual(range(0, 33));
    }
  });

  test('a faster video loses pictures, a slower one repeats them; the length in seconds stays', async () => {
    const path = await record(inFolder('32.mp4'), 32, 32);
    expect((await describePictures(path)).fps).toBe(32);
    const half = numbers(await readAll(path, { ...SIZE, fps: 16 }));
    expect(half).toHaveLength(16);
    for (const [index, number] of half.entries()) expect(Math.abs(number - 2 * index)).toBeLessThanOrEqual(1);
    const slow = await record(inFolder('8.mp4'), 8, 8);
    expect(numbers(await readAll(slow, { ...SIZE, fps: 16 }))).toEqual(
      range(0, 16).map((index) => Math.floor(index / 2)),
    );
    expect((await describePictures(slow, 16)).frames).toBe(16);
    expect((await describePictures(path, 16)).frames).toBe(16);
    expect(numbers(await readAll(slow, { ...SIZE, fps: 16, skip: 3, maxFrames: 3 }))).toEqual([1, 2, 2]);
  });

  test('a video whose pictures come at uneven times', async () => {
    const times = [0, 0.05, 0.5, 1, 1.01, 1.5];
    const path = await encode(inFolder('uneven.mp4'), { format: new Mp4OutputFormat(), times });
    expect(numbers(await readAll(path, SIZE))).toEqual([0, 1, 2, 3, 4, 5]);
    const found = numbers(await readAll(path, { ...SIZE, fps: 4 }));
    // Pictures at 0, 1/4, ...: 0.05 is nearest to 0 and takes its place, 1.01 that of 1.
    expect(found.slice(0, 6)).toEqual([1, 1, 2, 2, 4, 4]);
    expect(found[6]).toBe(5);
  });
});

describe('other containers, codecs and colours', () => {
  const times = range(0, 12).map((index) => index / 16);

  test.each([
    { name: 'a.mov', format: new MovOutputFormat(), codec: 'avc' as const },
    { name: 'a.mkv', format: new MkvOutputFormat(), codec: 'avc' as const },
    { name: 'vp8.webm', format: new WebMOutputFormat(), codec: 'vp8' as const },
    { name: 'vp9.webm', format: new WebMOutputFormat(), codec: 'vp9' as const },
  ])('$name', async ({ name, format, codec }) => {
    const path = await encode(inFolder(name), { format, codec, times });
    expect(await describePictures(path)).toMatchObject({ kind: 'video', frames: 12, ...SIZE });
    expect(numbers(await readAll(path, SIZE))).toEqual(range(0, 12));
  });

  test.each([
    { name: 'BT.601', matrix: 'smpte170m', fullRange: false, red: [81, 90, 240] },
    { name: 'BT.709', matrix: 'bt709', fullRange: false, red: [63, 102, 240] },
    { name: 'full range', matrix: 'bt709', fullRange: true, red: [54, 99, 255] },
  ])('red in $name is red', async ({ name, matrix, fullRange, red }) => {
    const planes = () => {
      const size = SIZE.width * SIZE.height;
      const data = new Uint8Array((size * 3) / 2).fill(red[0], 0, size);
      return data.fill(red[1], size, size * 1.25).fill(red[2], size * 1.25);
    };
    const colorSpace = { primaries: 'bt709', transfer: 'bt709', matrix, fullRange };
    const path = await encode(inFolder(`${name}.mp4`), { format: new Mp4OutputFormat(), times, planes, colorSpace });
    const [picture] = await readAll(path, SIZE);
    const found = [...picture.subarray(900, 903)].map((value) => (value + 1) * 127.5);
    expect(found[0]).toBeGreaterThan(245);
    expect(Math.max(found[1], found[2])).toBeLessThan(10);
  });

  test('a video that says it is turned is turned', async () => {
    // White above black; turned clockwise by a quarter, white is on the right.
    const planes = () => {
      const { rgba } = flatFrame([0, 0, 0], SIZE.width, SIZE.height);
      return rgbaToI420(rgba.fill(255, 0, rgba.length / 2), SIZE.width, SIZE.height);
    };
    const options = { format: new Mp4OutputFormat(), times, planes, rotation: 90 as const };
    const path = await encode(inFolder('turned.mp4'), options);
    expect(await describePictures(path)).toMatchObject({ width: SIZE.height, height: SIZE.width });
    const [picture] = await readAll(path, { width: 48, height: 64 });
    const row = (32 * 48 + 8) * 3;
    expect(picture[row]).toBeLessThan(-0.9);
    expect(picture[row + 32 * 3]).toBeGreaterThan(0.9);
  });

  test('is cut to the proportions asked for', async () => {
    const path = await record(inFolder('cut.mp4'), 3, 16, (index) => smoothFrame(index, SIZE.width, SIZE.height));
    const [picture] = await readAll(path, { width: 16, height: 48 });
    expect(picture).toHaveLength(16 * 48 * 3);
    const [whole] = await readAll(path, SIZE);
    const at = (24 * 16 + 8) * 3;
    expect(Math.abs(picture[at] - whole[(24 * 64 + 32) * 3])).toBeLessThan(0.05);
  });
});
