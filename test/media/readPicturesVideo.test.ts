import { mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EncodedVideoChunk, VideoEncoder, VideoFrame } from '@napi-rs/webcodecs';
import {
  EncodedPacket,
  EncodedVideoPacketSource,
  FilePathTarget,
  MkvOutputFormat,
  MovOutputFormat,
  Mp4OutputFormat,
  Output,
  type Rotation,
  WebMOutputFormat,
} from 'mediabunny';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TokenTrimError } from '../../src/errors.js';
import { rgbaToI420 } from '../../src/media/color.js';
import { openFrameSink } from '../../src/media/frameSink.js';
import { describePictures, openPictures, type PictureRequest } from '../../src/media/openPictures.js';
import { flatFrame, smoothFrame } from './support/clips.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tokentrim-video-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const SIZE = { width: 64, height: 48 };

async function readAll(path: string, request: PictureRequest = SIZE): Promise<Float32Array[]> {
  const pictures: Float32Array[] = [];
  for await (const picture of openPictures(path, request)) pictures.push(picture);
  return pictures;
}

/** Records a clip as the program does; every picture has a shade of its own: 5 * index. */
async function record(name: string, frames: number, fps = 16, paint = shade): Promise<string> {
  const path = join(folder, name);
  const sink = await openFrameSink(path, { ...SIZE, fps });
  for (let index = 0; index < frames; index++) await sink.write(paint(index));
  await sink.close();
  return path;
}
const shade = (index: number) => flatFrame([5 * index, 5 * index, 5 * index], SIZE.width, SIZE.height);

/** Which pictures of such a clip these are. */
const numbers = (pictures: Float32Array[]) => pictures.map((picture) => Math.round(((picture[900] + 1) * 127.5) / 5));
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

interface Clip {
  readonly format: Mp4OutputFormat | MovOutputFormat | WebMOutputFormat | MkvOutputFormat;
  readonly codec?: 'avc' | 'vp8' | 'vp9';
  /** Seconds at which the pictures are shown. */
  readonly times: readonly number[];
  readonly planes: (index: number) => Uint8Array;
  readonly colorSpace?: object;
  readonly rotation?: Rotation;
  readonly size?: { width: number; height: number };
}

const CODECS = { avc: 'avc1.640028', vp8: 'vp8', vp9: 'vp09.00.10.08' } as const;

/** Makes a video that the program would not make itself. */
async function encode(name: string, clip: Clip): Promise<string> {
  const { format, codec = 'avc', times, planes, colorSpace, rotation, size = SIZE } = clip;
  const path = join(folder, name);
  const chunks: { chunk: EncodedVideoChunk; config: VideoDecoderConfig | undefined }[] = [];
  const encoder = new VideoEncoder({
    output: (chunk, metadata) =>
      chunks.push({ chunk, config: metadata?.decoderConfig as VideoDecoderConfig | undefined }),
    error(error) {
      throw error;
    },
  });
  encoder.configure({
    codec: CODECS[codec],
    ...{ width: size.width, height: size.height, bitrate: 4_000_000, framerate: 16 },
    ...(codec === 'avc' ? { avc: { format: 'avc' } } : {}),
  } as never);
  for (const [index, time] of times.entries()) {
    const timestamp = Math.round(time * 1e6);
    const init = { format: 'I420', codedWidth: size.width, codedHeight: size.height, timestamp, colorSpace } as const;
    const picture = new VideoFrame(planes(index), init as never);
    encoder.encode(picture, { keyFrame: index % 8 === 0 });
    picture.close();
  }
  await encoder.flush();
  encoder.close();

  const output = new Output({ format, target: new FilePathTarget(path) });
  const source = new EncodedVideoPacketSource(codec);
  output.addVideoTrack(source, { rotation });
  await output.start();
  for (const [index, { chunk, config }] of chunks.entries()) {
    const data = new Uint8Array(chunk.byteLength);
    chunk.copyTo(data);
    const duration =
      (times[index + 1] ?? 2 * times[index] - (times[index - 1] ?? times[index] - 1 / 16)) - times[index];
    const packet = new EncodedPacket(data, chunk.type as 'key' | 'delta', chunk.timestamp / 1e6, duration);
    const { codedWidth = size.width, codedHeight = size.height } = config ?? {};
    await source.add(packet, config && { decoderConfig: { ...config, codedWidth, codedHeight, colorSpace } });
  }
  await output.finalize();
  return path;
}

const greyPlanes = (index: number) => rgbaToI420(shade(index).rgba, SIZE.width, SIZE.height);
const BT709 = { primaries: 'bt709', transfer: 'bt709', matrix: 'bt709', fullRange: false };

describe('our own videos', () => {
  test('every picture once, in order, and what the file says of itself', async () => {
    const path = await record('own.mp4', 41);
    expect(await describePictures(path)).toEqual({ kind: 'video', frames: 41, ...SIZE, fps: 16 });
    expect(numbers(await readAll(path))).toEqual(range(0, 41));
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
    const path = await record('colors.mp4', colors.length, 16, (index) =>
      flatFrame(colors[index], SIZE.width, SIZE.height),
    );
    const pictures = await readAll(path);
    for (const [index, color] of colors.entries()) {
      const found = [...pictures[index].subarray(900, 903)].map((value) => (value + 1) * 127.5);
      // Measured: 3 at most, from 8-bit luma and chroma and from x264. BT.601 in the place of BT.709 is off by 23.
      for (const channel of [0, 1, 2]) expect(Math.abs(found[channel] - color[channel])).toBeLessThan(6);
    }
  });

  test('pictures with content, close to what was recorded', async () => {
    const path = await record('smooth.mp4', 12, 16, (index) => smoothFrame(index, SIZE.width, SIZE.height));
    const pictures = await readAll(path);
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
    const path = await record('part.mp4', 45);
    expect(numbers(await readAll(path, { ...SIZE, skip: 37 }))).toEqual(range(37, 45));
    expect(numbers(await readAll(path, { ...SIZE, skip: 3, maxFrames: 4 }))).toEqual([3, 4, 5, 6]);
    expect(numbers(await readAll(path, { ...SIZE, maxFrames: 1 }))).toEqual([0]);
    expect(await readAll(path, { ...SIZE, skip: 45 })).toEqual([]);
  });

  test('reading can stop anywhere', async () => {
    const path = await record('stop.mp4', 20);
    for await (const picture of openPictures(path, SIZE)) {
      expect(picture).toHaveLength(SIZE.width * SIZE.height * 3);
      break;
    }
  });
});

describe('frame rates', () => {
  test('at its own rate a video stays as it is, to the picture', async () => {
    for (const fps of [16, 24000 / 1001]) {
      const path = await record(`rate-${fps}.mp4`, 33, fps);
      expect(numbers(await readAll(path, { ...SIZE, fps }))).toEqual(range(0, 33));
    }
  });

  test('a faster video loses pictures, a slower one repeats them; the length in seconds stays', async () => {
    const path = await record('32.mp4', 32, 32);
    expect((await describePictures(path)).fps).toBe(32);
    const half = numbers(await readAll(path, { ...SIZE, fps: 16 }));
    expect(half).toHaveLength(16);
    for (const [index, number] of half.entries()) expect(Math.abs(number - 2 * index)).toBeLessThanOrEqual(1);
    const slow = await record('8.mp4', 8, 8);
    expect(numbers(await readAll(slow, { ...SIZE, fps: 16 }))).toEqual(
      range(0, 16).map((index) => Math.floor(index / 2)),
    );
    expect((await describePictures(slow, 16)).frames).toBe(16);
    expect((await describePictures(path, 16)).frames).toBe(16);
    expect(numbers(await readAll(slow, { ...SIZE, fps: 16, skip: 3, maxFrames: 3 }))).toEqual([1, 2, 2]);
  });

  test('a video whose pictures come at uneven times', async () => {
    const times = [0, 0.05, 0.5, 1, 1.01, 1.5];
    const path = await encode('uneven.mp4', {
      format: new Mp4OutputFormat(),
      times,
      planes: greyPlanes,
      colorSpace: BT709,
    });
    expect(numbers(await readAll(path))).toEqual([0, 1, 2, 3, 4, 5]);
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
    const path = await encode(name, { format, codec, times, planes: greyPlanes, colorSpace: BT709 });
    expect(await describePictures(path)).toMatchObject({ kind: 'video', frames: 12, ...SIZE });
    expect(numbers(await readAll(path))).toEqual(range(0, 12));
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
    const path = await encode(`${name}.mp4`, { format: new Mp4OutputFormat(), times, planes, colorSpace });
    const [picture] = await readAll(path);
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
    const options = { format: new Mp4OutputFormat(), times, planes, colorSpace: BT709, rotation: 90 as const };
    const path = await encode('turned.mp4', options);
    expect(await describePictures(path)).toMatchObject({ width: SIZE.height, height: SIZE.width });
    const [picture] = await readAll(path, { width: 48, height: 64 });
    const row = (32 * 48 + 8) * 3;
    expect(picture[row]).toBeLessThan(-0.9);
    expect(picture[row + 32 * 3]).toBeGreaterThan(0.9);
  });

  test('is cut to the proportions asked for', async () => {
    const path = await record('cut.mp4', 3, 16, (index) => smoothFrame(index, SIZE.width, SIZE.height));
    const [picture] = await readAll(path, { width: 16, height: 48 });
    expect(picture).toHaveLength(16 * 48 * 3);
    const [whole] = await readAll(path);
    const at = (24 * 16 + 8) * 3;
    expect(Math.abs(picture[at] - whole[(24 * 64 + 32) * 3])).toBeLessThan(0.05);
  });
});

describe('what cannot be read', () => {
  const failing = async (path: string): Promise<string> => {
    const error = await readAll(path).catch((reason: Error) => reason);
    expect(error).toBeInstanceOf(TokenTrimError);
    return (error as Error).message;
  };
  const times = range(0, 24).map((index) => index / 16);
  const noisePlanes = (index: number) =>
    Uint8Array.from({ length: (SIZE.width * SIZE.height * 3) / 2 }, (_, at) => (at * (at + index) * 31) % 223);
  const whole = () =>
    encode('whole.mp4', {
      format: new Mp4OutputFormat({ fastStart: false }),
      times,
      planes: noisePlanes,
      colorSpace: BT709,
    });

  test('a file without its index', async () => {
    const path = await whole(); // its index comes last
    await truncate(path, Math.floor((await stat(path)).size / 2));
    expect(await failing(path)).toMatch(/^Cannot read .*whole\.mp4/);
  });

  test('a file whose pictures end too early', async () => {
    const format = new Mp4OutputFormat({ fastStart: 'in-memory' });
    const path = await encode('early.mp4', { format, times, planes: noisePlanes, colorSpace: BT709 });
    await truncate(path, Math.floor((await stat(path)).size * 0.7));
    expect(await failing(path)).toMatch(/early\.mp4: .*damaged or cut off/);
  });

  test('a file whose pictures are overwritten', async () => {
    const format = new Mp4OutputFormat({ fastStart: 'in-memory' });
    const path = await encode('overwritten.mp4', { format, times, planes: noisePlanes, colorSpace: BT709 });
    const bytes = await readFile(path);
    bytes.fill(0xff, Math.floor(bytes.length * 0.3));
    await writeFile(path, bytes);
    expect(await failing(path)).toMatch(/overwritten\.mp4: .*damaged or cut off/);
  });

  test('a recording that was stopped is read as far as it goes', async () => {
    const path = await record('stopped.mp4', 45);
    await truncate(path, (await stat(path)).size - 10);
    const found = numbers(await readAll(path));
    expect(found.length).toBeGreaterThanOrEqual(8);
    expect(found).toEqual(range(0, found.length));
  });

  test('a video without pictures', async () => {
    const path = join(folder, 'none.mp4');
    const output = new Output({ format: new Mp4OutputFormat(), target: new FilePathTarget(path) });
    output.addVideoTrack(new EncodedVideoPacketSource('avc'));
    await output.start();
    await output.finalize();
    expect(await failing(path)).toMatch(/there (are no pictures in it|is not a single picture)/);
  });

  test('a header alone', async () => {
    const path = join(folder, 'header.mp4');
    await writeFile(path, Buffer.concat([Buffer.from([0, 0, 0, 16]), Buffer.from('ftypisom'), Buffer.alloc(4)]));
    expect(await failing(path)).toMatch(/^Cannot read .*header\.mp4/);
  });
});
