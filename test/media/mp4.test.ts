import { copyFile, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TokenTrimError } from '../../src/errors.js';
import { openFrameSink } from '../../src/media/frameSink.js';
import { availableEncoders } from '../../src/media/mp4.js';
import { smoothFrame } from './support/clips.js';
import { i420ToRgb } from './support/i420.js';
import { readVideo } from './support/readVideo.js';

const SIZE = { width: 64, height: 48 };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tokentrim-mp4-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function record(path: string, frames: number, fps: number): Promise<void> {
  const sink = await openFrameSink(path, { ...SIZE, fps });
  expect(sink.encoder).toBe('h264');
  for (let index = 0; index < frames; index++) await sink.write(smoothFrame(index, SIZE.width, SIZE.height));
  await sink.close();
}

describe('an .mp4', () => {
  test.each([1, 7.5, 16, 24000 / 1001, 30])('has every frame at %s frames per second', async (fps) => {
    const path = join(folder, 'video.mp4');
    await record(path, 41, fps);
    const video = await readVideo(path);
    expect(video).toMatchObject({ codec: 'avc', ...SIZE });
    expect(video.timestamps).toHaveLength(41);
    // The file counts in whole ticks of at least 1/60000 s, and a frame has a whole number of them at rational rates.
    video.timestamps.forEach((timestamp, index) => {
      expect(timestamp).toBeCloseTo(index / fps, 6);
    });
    for (const duration of video.durations) expect(duration).toBeCloseTo(1 / fps, 6);
    expect(await readdir(folder)).toEqual(['video.mp4']);
  });

  test('shows the colours that were given', async () => {
    const path = join(folder, 'video.mp4');
    await record(path, 48, 16);
    const { pictures, colorSpace } = await readVideo(path, { decode: true });
    expect(colorSpace).toMatchObject({ primaries: 'bt709', transfer: 'bt709', matrix: 'bt709', fullRange: false });
    expect(pictures).toHaveLength(48);
    const worst = Math.min(...pictures.map((planes, index) => psnr(planes, index)));
    // Measured 41.5 dB, most of it lost to 4:2:0. Wrong coefficients (BT.601) give 28.8.
    expect(worst).toBeGreaterThan(38);
  });

  test('replaces an older video only when it is finished, and has a frame', async () => {
    const path = join(folder, 'video.mp4');
    await record(path, 9, 16);
    const older = await readFile(path);
    const empty = await openFrameSink(path, { ...SIZE, fps: 16 });
    await empty.close();
    expect((await readFile(path)).equals(older)).toBe(true);
    const sink = await openFrameSink(path, { ...SIZE, fps: 16 });
    for (let index = 0; index < 20; index++) {
      await sink.write(smoothFrame(index, SIZE.width, SIZE.height));
      expect((await readFile(path)).equals(older)).toBe(true);
    }
    await sink.close();
    expect((await readVideo(path)).timestamps).toHaveLength(20);
    expect(await readdir(folder)).toEqual(['video.mp4']);
  });

  test('a video that ends early takes a free name, and leaves an older one alone', async () => {
    const path = join(folder, 'video.mp4');
    const early = async () => {
      const sink = await openFrameSink(path, { ...SIZE, fps: 16 });
      for (let index = 0; index < 12; index++) await sink.write(smoothFrame(index, SIZE.width, SIZE.height));
      await sink.closeEarly();
      expect((await readVideo(sink.path)).timestamps).toHaveLength(12);
      return sink.path;
    };
    expect(await early()).toBe(path);
    const older = await readFile(path);
    expect(await early()).toBe(join(folder, 'video.partial.mp4'));
    expect(await early()).toBe(join(folder, 'video.partial.mp4')); // which stays one
    expect((await readFile(path)).equals(older)).toBe(true);
    expect(await readdir(folder)).toEqual(['video.mp4', 'video.partial.mp4']);
  });

  test('leaves nothing when it never got a frame', async () => {
    for (const end of ['close', 'abort'] as const) {
      const sink = await openFrameSink(join(folder, 'new', 'deep', 'video.mp4'), { ...SIZE, fps: 16 });
      await sink[end]();
      expect(await readdir(folder)).toEqual([]);
    }
  });

  test('refuses a wrong frame, and any frame after the end', async () => {
    const sink = await openFrameSink(join(folder, 'video.mp4'), { ...SIZE, fps: 16 });
    await expect(sink.write(smoothFrame(0, 32, 32))).rejects.toThrow(/takes frames of 64x48, but got one of 32x32/);
    await expect(sink.write({ ...SIZE, rgba: new Uint8Array(5) })).rejects.toThrow(/has 12288 RGBA bytes.*has 5/);
    await sink.write(smoothFrame(0, SIZE.width, SIZE.height));
    await Promise.all([sink.close(), sink.close()]);
    await sink.abort();
    await expect(sink.write(smoothFrame(1, SIZE.width, SIZE.height))).rejects.toThrow(TokenTrimError);
    expect((await readVideo(join(folder, 'video.mp4'))).timestamps).toHaveLength(1);
  });

  test('a close that overtakes a write keeps that frame', async () => {
    const sink = await openFrameSink(join(folder, 'video.mp4'), { ...SIZE, fps: 16 });
    const write = sink.write(smoothFrame(0, SIZE.width, SIZE.height));
    await sink.close();
    await write;
    expect((await readVideo(join(folder, 'video.mp4'))).timestamps).toHaveLength(1);
  });
});

describe('an interrupted video', () => {
  test('already has all but the last half second on disk', async () => {
    const path = join(folder, 'video.mp4');
    const killed = join(folder, 'killed.mp4');
    const sink = await openFrameSink(path, { ...SIZE, fps: 16 });
    for (let index = 0; index < 45; index++) await sink.write(smoothFrame(index, SIZE.width, SIZE.height));
    const partial = join(folder, 'video.partial.mp4');
    await copyFile(partial, killed);
    const { timestamps, pictures } = await readVideo(killed, { decode: true });
    // Fragments of 8 frames are written when they are whole: 5 are after 45 frames.
    expect(timestamps).toHaveLength(40);
    expect(pictures).toHaveLength(40);
    await sink.abort();
    expect(sink.path).toBe(partial);
    expect((await readVideo(partial)).timestamps).toHaveLength(40);
    expect((await readdir(folder)).sort()).toEqual(['killed.mp4', 'video.partial.mp4']);
  });
});

test('loading the encoder leaves the process-wide crash handlers alone', async () => {
  const count = () => process.listenerCount('uncaughtException') + process.listenerCount('unhandledRejection');
  const before = count();
  expect(await availableEncoders()).toMatchObject([{ name: 'h264', available: true }]);
  expect(count()).toBe(before);
});

function psnr(planes: Uint8Array, index: number): number {
  const { width, height } = SIZE;
  const { rgba } = smoothFrame(index, width, height);
  const rgb = i420ToRgb(planes, width, height);
  let sum = 0;
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let channel = 0; channel < 3; channel++) sum += (rgb[pixel * 3 + channel] - rgba[pixel * 4 + channel]) ** 2;
  }
  return 10 * Math.log10(255 ** 2 / (sum / (width * height * 3)));
}
