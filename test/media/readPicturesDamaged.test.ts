import { readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { EncodedVideoPacketSource, FilePathTarget, Mp4OutputFormat, Output } from 'mediabunny';
import { expect, test } from 'vitest';
import { useFolder } from './support/folder.js';
import { messageFor, readAll } from './support/readPictures.js';
import { encode, numbers, range, record, SIZE } from './support/shadedVideos.js';

const inFolder = useFolder();

const times = range(0, 24).map((index) => index / 16);
const noisePlanes = (index: number) =>
  Uint8Array.from({ length: (SIZE.width * SIZE.height * 3) / 2 }, (_, at) => (at * (at + index) * 31) % 223);

test('a file without its index', async () => {
  const format = new Mp4OutputFormat({ fastStart: false }); // its index comes last
  const path = await encode(inFolder('whole.mp4'), { format, times, planes: noisePlanes });
  await truncate(path, Math.floor((await stat(path)).size / 2));
  expect(await messageFor(path, SIZE)).toMatch(/^Cannot read .*whole\.mp4/);
});

test('a file whose pictures end too early', async () => {
  const format = new Mp4OutputFormat({ fastStart: 'in-memory' });
  const path = await encode(inFolder('early.mp4'), { format, times, planes: noisePlanes });
  await truncate(path, Math.floor((await stat(path)).size * 0.7));
  expect(await messageFor(path, SIZE)).toMatch(/early\.mp4: .*damaged or cut off/);
});

test('a file whose pictures are overwritten', async () => {
  const format = new Mp4OutputFormat({ fastStart: 'in-memory' });
  const path = await encode(inFolder('overwritten.mp4'), { format, times, planes: noisePlanes });
  const bytes = await readFile(path);
  bytes.fill(0xff, Math.floor(bytes.length * 0.3));
  await writeFile(path, bytes);
  expect(await messageFor(path, SIZE)).toMatch(/overwritten\.mp4: .*damaged or cut off/);
});

test('a recording that was stopped is read as far as it goes', async () => {
  const path = await record(inFolder('stopped.mp4'), 45);
  await truncate(path, (await stat(path)).size - 10);
  const found = numbers(await readAll(path, SIZE));
  expect(found.length).toBeGreaterThanOrEqual(8);
  expect(found).toEqual(range(0, found.length));
});

test('a video without pictures', async () => {
  const path = inFolder('none.mp4');
  const output = new Output({ format: new Mp4OutputFormat(), target: new FilePathTarget(path) });
  output.addVideoTrack(new EncodedVideoPacketSource('avc'));
  await output.start();
  await output.finalize();
  expect(await messageFor(path, SIZE)).toMatch(/there (are no pictures in it|is not a single picture)/);
});

test('a header alone', async () => {
  const path = inFolder('header.mp4');
  await writeFile(path, Buffer.concat([Buffer.from([0, 0, 0, 16]), Buffer.from('ftypisom'), Buffer.alloc(4)]));
  expect(await messageFor(path, SIZE)).toMatch(/^Cannot read .*header\.mp4/);
});
