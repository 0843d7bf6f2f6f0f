import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import sharp from 'sharp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TokenTrimError } from '../../src/errors.js';
import { openFrameSink } from '../../src/media/frameSink.js';
import { PictureDigest } from '../../src/media/pictureDigest.js';
import { readRecord } from '../../src/media/readRecord.js';
import { smoothFrame } from './support/clips.js';
import { readVideo } from './support/readVideo.js';

const FORMAT = { width: 32, height: 16, fps: 16 };
const USE = { what: 'a video', limit: 2 ** 20 };
const RECORD = '{"text": "一只猫 🐈‍⬛"}';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tokentrim-record-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function record(name: string, frames: number, text?: string): Promise<string> {
  const path = join(folder, name);
  const sink = await openFrameSink(path, FORMAT);
  for (let index = 0; index < frames; index++) await sink.write(smoothFrame(index, 32, 16));
  await sink.close(text);
  return path;
}

test.each([1, 8, 20])('an .mp4 of %d frames has its record at the end, and plays as without', async (frames) => {
  const path = await record('video.mp4', frames, RECORD);
  expect(await readRecord(path, USE)).toBe(RECORD);
  const plain = await record('plain.mp4', frames);
  const [video, without] = [await readVideo(path, { decode: true }), await readVideo(plain, { decode: true })];
  expect(video.timestamps).toEqual(without.timestamps);
  expect(video.pictures).toEqual(without.pictures);
  await expect(readRecord(plain, USE)).rejects.toThrow(/does not say how it was made/);
});

test('a folder of frames has it in its last frame, which shows the same', async () => {
  const path = await record('frames/', 9, RECORD);
  const plain = await record('plain/', 9);
  expect(await readRecord(path, USE)).toBe(RECORD);
  for (const name of await readdir(path)) {
    const [one, other] = await Promise.all([path, plain].map((at) => readFile(join(at, name))));
    expect(one.equals(other)).toBe(name !== 'frame-00008.png');
    expect((await sharp(one).raw().toBuffer()).equals(await sharp(other).raw().toBuffer())).toBe(true);
  }
  await expect(readRecord(plain, USE)).rejects.toThrow(TokenTrimError);
});

test('whatever a file holds, it is a text, or one error', async () => {
  const path = await record('video.mp4', 9, RECORD);
  const frames = await record('frames/', 2, RECORD);
  for (const [file, read] of [
    [path, path],
    [join(frames, 'frame-00001.png'), frames],
  ]) {
    const bytes = await readFile(file);
    const changes = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(changes, fc.nat(bytes.length), async (edits, length) => {
        const changed = Buffer.from(bytes);
        for (const [at, value] of edits) changed[at] = value;
        await writeFile(file, length % 3 === 0 ? changed.subarray(0, length) : changed);
        const found = await readRecord(read, USE).catch((error: unknown) => error);
        if (typeof found !== 'string') expect(found).toBeInstanceOf(TokenTrimError);
      }),
      { numRuns: 150 },
    );
  }
});

test('the digest of pictures goes on from itself, and leaves alpha out', () => {
  const picture = (value: number, alpha: number) => Uint8Array.of(value, 1, 2, alpha, 3, 4, value, alpha);
  const whole = new PictureDigest();
  const rgb = (value: number) => Buffer.of(value, 1, 2, 3, 4, value);
  let expected = createHash('sha256').digest();
  for (let index = 0; index < 100; index++) {
    whole.add(picture(index, 255));
    expected = createHash('sha256').update(expected).update(rgb(index)).digest();
  }
  expect(whole).toMatchObject({ frames: 100, sha256: expected.toString('hex') });
  const later = new PictureDigest(70, whole.at(70));
  for (let index = 70; index < 100; index++) later.add(picture(index, 0));
  expect(later.sha256).toBe(whole.sha256);
  expect(whole.at(10)).toBeUndefined();
});
