import { mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { describePictures, openPictures, type PictureRequest } from '../../src/media/openPictures.js';
import { useFolder } from './support/folder.js';
import { messageFor, readAll } from './support/readPictures.js';

const inFolder = useFolder();

type Color = readonly [number, number, number];

/** A picture of four colours: top left, top right, bottom left, bottom right. */
function quarters(width: number, height: number, colors: readonly Color[], alpha?: readonly number[]) {
  const channels = alpha ? 4 : 3;
  const data = Buffer.alloc(width * height * channels);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const at = (row * 2 >= height ? 2 : 0) + (column * 2 >= width ? 1 : 0);
      data.set([...colors[at], ...(alpha ? [alpha[at]] : [])], (row * width + column) * channels);
    }
  }
  return sharp(data, { raw: { width, height, channels } });
}

const RED: Color = [230, 20, 10];
const GREEN: Color = [10, 200, 30];
const BLUE: Color = [20, 40, 220];
const GREY: Color = [128, 128, 128];
const COLORS = [RED, GREEN, BLUE, GREY];

/** The colours at the middles of the four quarters, 0 ... 255. */
function middles(picture: Float32Array, { width, height }: PictureRequest): number[][] {
  expect(picture).toHaveLength(width * height * 3);
  return [
    [1, 1],
    [1, 3],
    [3, 1],
    [3, 3],
  ].map(([row, column]) => {
    const at = (Math.floor((row * height) / 4) * width + Math.floor((column * width) / 4)) * 3;
    return [...picture.subarray(at, at + 3)].map((value) => Math.round((value + 1) * 127.5));
  });
}

/** Every colour within `tolerance` of the expected one, in 0 ... 255. */
function expectColors(found: number[][], expected: readonly Color[], tolerance: number): void {
  for (const [index, color] of expected.entries()) {
    for (const channel of [0, 1, 2]) {
      const distance = Math.abs(found[index][channel] - color[channel]);
      expect(distance, `quarter ${index}: ${found[index]} for ${color}`).toBeLessThanOrEqual(tolerance);
    }
  }
}

const SIZE = { width: 48, height: 32 };

describe('images', () => {
  test.each([
    { name: 'a.png', tolerance: 0 },
    { name: 'a.webp', tolerance: 8 },
    { name: 'a.jpg', tolerance: 8 },
  ])('$name: its colours, in -1 ... 1', async ({ name, tolerance }) => {
    const path = inFolder(name);
    await quarters(48, 32, COLORS).toFile(path);
    expect(await describePictures(path)).toEqual({ kind: 'image', frames: 1, ...SIZE });
    const pictures = await readAll(path, SIZE);
    expect(pictures).toHaveLength(1);
    expectColors(middles(pictures[0], SIZE), COLORS, tolerance);
  });

  test('black is -1 and white is 1', async () => {
    const path = inFolder('extremes.png');
    const [black, white]: Color[] = [
      [0, 0, 0],
      [255, 255, 255],
    ];
    await quarters(8, 8, [black, white, white, black]).toFile(path);
    const [picture] = await readAll(path, { width: 8, height: 8 });
    expect(new Set(picture)).toEqual(new Set([-1, 1]));
  });

  test('what sticks out is cut off evenly, nothing is squeezed', async () => {
    // 96 x 32 to 32 x 32: the middle third is left, half of it from each side.
    const path = inFolder('wide.png');
    await quarters(96, 32, COLORS).toFile(path);
    const size = { width: 32, height: 32 };
    expectColors(middles((await readAll(path, size))[0], size), COLORS, 1);
    const stripe = inFolder('stripe.png'); // green only left and right of the middle third
    const data = Buffer.alloc(96 * 32 * 3);
    for (let at = 0; at < 96 * 32; at++) data.set(at % 96 < 32 || at % 96 >= 64 ? GREEN : RED, at * 3);
    await sharp(data, { raw: { width: 96, height: 32, channels: 3 } }).toFile(stripe);
    expectColors(middles((await readAll(stripe, size))[0], size), [RED, RED, RED, RED], 0);
  });

  test('a picture is made larger or smaller', async () => {
    const path = inFolder('scaled.png');
    await quarters(48, 32, COLORS).toFile(path);
    for (const factor of [0.25, 4]) {
      const size = { width: 48 * factor, height: 32 * factor };
      // Lanczos rings: 3 beside an edge of 220.
      expectColors(middles((await readAll(path, size))[0], size), COLORS, 6);
    }
  });

  test('is turned as its EXIF data says', async () => {
    const path = inFolder('turned.jpg');
    // Orientation 6: shown turned clockwise by a quarter.
    await quarters(32, 48, COLORS).withMetadata({ orientation: 6 }).jpeg({ quality: 100 }).toFile(path);
    expect(await describePictures(path)).toMatchObject({ width: 48, height: 32 });
    expectColors(middles((await readAll(path, SIZE))[0], SIZE), [BLUE, RED, GREY, GREEN], 8);
  });

  test('transparent parts are black', async () => {
    const path = inFolder('alpha.png');
    await quarters(48, 32, COLORS, [0, 255, 128, 255]).png().toFile(path);
    expectColors(middles((await readAll(path, SIZE))[0], SIZE), [[0, 0, 0], GREEN, [10, 20, 110], GREY], 1);
  });

  test('grey, palette, 16-bit and CMYK pictures become 8-bit RGB', async () => {
    const grey = inFolder('grey.png');
    await sharp(Buffer.alloc(64, 77), { raw: { width: 8, height: 8, channels: 1 } })
      .toColourspace('b-w')
      .png()
      .toFile(grey);
    const deep = inFolder('deep.png');
    await quarters(48, 32, COLORS).toColourspace('rgb16').png().toFile(deep);
    const palette = inFolder('palette.png');
    await quarters(48, 32, COLORS).png({ palette: true }).toFile(palette);
    const cmyk = inFolder('cmyk.jpg');
    const muted: Color[] = [[200, 60, 60], [60, 150, 60], [60, 60, 160], GREY];
    await quarters(48, 32, muted).toColourspace('cmyk').jpeg({ quality: 100 }).toFile(cmyk);
    expect((await sharp(deep).metadata()).depth).toBe('ushort');
    expect((await sharp(grey).metadata()).channels).toBe(1);
    expect((await sharp(cmyk).metadata()).channels).toBe(4);

    expectColors(
      middles((await readAll(grey, { width: 8, height: 8 }))[0], { width: 8, height: 8 }),
      [[77, 77, 77]],
      0,
    );
    for (const path of [deep, palette]) expectColors(middles((await readAll(path, SIZE))[0], SIZE), COLORS, 1);
    // Without a profile inks are only near to these colours; channels swapped or inverted are off by 90 and more.
    expectColors(middles((await readAll(cmyk, SIZE))[0], SIZE), muted, 60);
  });

  test('the contents decide, not the name', async () => {
    const path = inFolder('really-a-png.mp4');
    await quarters(48, 32, COLORS).png().toFile(path);
    expect(await describePictures(path)).toMatchObject({ kind: 'image' });
  });
});

describe('folders', () => {
  test('pictures in the order of their names, other files left out', async () => {
    const path = inFolder('frames');
    await mkdir(path);
    const shades = [40, 80, 120, 160];
    const names = ['frame-2.png', 'frame-10.webp', 'frame-9.png', 'frame-1.png'];
    const places = [1, 3, 2, 0];
    for (const [index, name] of names.entries()) {
      const shade = shades[places[index]];
      await sharp(Buffer.alloc(48 * 32 * 3, shade), { raw: { ...SIZE, channels: 3 } })
        .webp({ lossless: true })
        .toFormat(name.endsWith('png') ? 'png' : 'webp', { lossless: true })
        .toFile(join(path, name));
    }
    await writeFile(join(path, 'notes.txt'), 'no picture');
    await writeFile(join(path, '._frame-1.png'), 'what macOS leaves behind');
    expect(await describePictures(path)).toEqual({ kind: 'folder', frames: 4, ...SIZE });
    const shadesOf = (pictures: Float32Array[]) => pictures.map((picture) => middles(picture, SIZE)[0][0]);
    expect(shadesOf(await readAll(path, SIZE))).toEqual(shades);
    expect(shadesOf(await readAll(path, { ...SIZE, skip: 1, maxFrames: 2 }))).toEqual([80, 120]);
    expect(await readAll(path, { ...SIZE, skip: 9 })).toEqual([]);
  });

  test('a folder without pictures, or with a broken one', async () => {
    const empty = inFolder('empty');
    await mkdir(empty);
    await expect(readAll(empty, SIZE)).rejects.toThrow(`There is no picture in ${empty}: expected files such as`);
    await expect(readAll(empty, SIZE)).rejects.toThrow('(.png, .jpg, .webp), it is empty.');
    for (const name of ['IMG_10.HEIC', 'IMG_2.HEIC', '.DS_Store']) await writeFile(join(empty, name), 'x');
    await expect(readAll(empty, SIZE)).rejects.toThrow('found 2 other files, such as IMG_2.HEIC.');
    await mkdir(join(empty, 'frame-1.png'));
    await expect(readAll(empty, SIZE)).rejects.toThrow(
      'frame-1.png: expected a file, found a folder, a pipe or a device',
    );
    const broken = inFolder('broken');
    await mkdir(broken);
    await quarters(48, 32, COLORS).toFile(join(broken, '1.png'));
    await writeFile(join(broken, '2.png'), 'not a picture');
    const pictures = openPictures(broken, SIZE);
    expect((await pictures.next()).done).toBe(false);
    await expect(pictures.next()).rejects.toThrow(`Cannot read ${join(broken, '2.png')}: it is neither a picture`);
  });
});

describe('what cannot be read', () => {
  const failing = (path: string) => messageFor(path, SIZE);

  test('a missing file, an empty one, a device', async () => {
    expect(await failing(inFolder('nowhere.png'))).toMatch(/there is no such file/);
    expect(await failing(inFolder('a.png/b.png'))).toMatch(/part of the path is a file, not a folder/);
    await writeFile(inFolder('nothing.png'), '');
    expect(await failing(inFolder('nothing.png'))).toMatch(/the file is empty/);
    expect(await failing('/dev/null')).toMatch(/it is neither a file nor a folder/);
  });

  test('text, and a drawing', async () => {
    await writeFile(inFolder('text.png'), 'hello '.repeat(100));
    expect(await failing(inFolder('text.png'))).toMatch(/neither a picture \(png, jpeg, webp\) nor a video/);
    await writeFile(inFolder('drawing.png'), '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>');
    expect(await failing(inFolder('drawing.png'))).toMatch(/it is a drawing \(SVG\).*export it as PNG/);
  });

  test.each(['png', 'jpg', 'webp'])('a %s that is cut off', async (extension) => {
    const path = inFolder(`cut.${extension}`);
    const noise = Buffer.from(Array.from({ length: 96 * 64 * 3 }, (_, at) => (at * at * 31) % 251));
    await sharp(noise, { raw: { width: 96, height: 64, channels: 3 } }).toFile(path);
    await truncate(path, Math.floor((await readFile(path)).length * 0.6));
    expect(await failing(path)).toMatch(
      /^Cannot read the picture .*: it is damaged or cut off \(.*\): save it again\.$/,
    );
  });

  test('a picture with more pixels than can be opened', async () => {
    // The header of a small picture, rewritten to say 20 000 x 20 000.
    const path = inFolder('huge.png');
    const png = await quarters(48, 32, COLORS).png().toBuffer();
    png.writeUInt32BE(20_000, 16);
    png.writeUInt32BE(20_000, 20);
    png.writeUInt32BE(crc32(png.subarray(12, 29)), 29);
    await writeFile(path, png);
    expect(await failing(path)).toMatch(/it has more than 268 million pixels: make it smaller first/);
  });
});
