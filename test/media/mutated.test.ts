import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { MkvOutputFormat, MovOutputFormat, Mp4OutputFormat, WebMOutputFormat } from 'mediabunny';
import sharp from 'sharp';
import { beforeAll, expect, test } from 'vitest';
import { TokenTrimError } from '../../src/errors.js';
import { describePictures } from '../../src/media/openPictures.js';
import { useFolder } from './support/folder.js';
import { mutate } from './support/mutate.js';
import { readAll } from './support/readPictures.js';
import { encode, range, record } from './support/shadedVideos.js';

const inFolder = useFolder();

/** TOKENTRIM_MUTATIONS=5000 npx vitest run test/media/mutated.test.ts tries more; each is known by its number. */
const COUNT = Number(process.env.TOKENTRIM_MUTATIONS ?? 60);
const FIRST = Number(process.env.TOKENTRIM_FIRST_MUTATION ?? 0);

/** A file that takes longer was not given up in time: 8 seconds of silence, a new process, and the machine's other work. */
const SECONDS = 40;

const times = range(0, 12).map((index) => index / 16);
const sound: string[] = [];

beforeAll(async () => {
  mkdirSync(inFolder('sound'));
  const to = (name: string) => inFolder(`sound/${name}`);
  sound.push(
    await record(to('own.mp4'), 12),
    await encode(to('index-last.mp4'), { format: new Mp4OutputFormat({ fastStart: false }), times }),
    await encode(to('index-first.mp4'), { format: new Mp4OutputFormat({ fastStart: 'in-memory' }), times }),
    await encode(to('turned.mov'), { format: new MovOutputFormat(), times, rotation: 90 }),
    await encode(to('clip.mkv'), { format: new MkvOutputFormat(), times }),
    await encode(to('clip.webm'), { format: new WebMOutputFormat(), codec: 'vp9', times }),
  );
  const noise = Buffer.from(Uint8Array.from({ length: 32 * 32 * 3 }, (_, at) => (at * at * 31) % 251));
  for (const extension of ['png', 'jpg', 'webp', 'gif', 'avif', 'tiff']) {
    await sharp(noise, { raw: { width: 32, height: 32, channels: 3 } }).toFile(to(`picture.${extension}`));
    sound.push(to(`picture.${extension}`));
  }
});

test(`${COUNT} damaged files, of every kind that is read: each ends in pictures or in one clear error, and soon`, async () => {
  const wrong: string[] = [];
  let refused = 0;
  for (let number = FIRST; number < FIRST + COUNT; number++) {
    const file = sound[number % sound.length];
    const path = inFolder(`${number}-${file.split('/').at(-1)}`);
    writeFileSync(path, mutate(readFileSync(file), number));
    const start = performance.now();
    try {
      const { frames } = await describePictures(path, 16);
      for (const picture of await readAll(path, { width: 32, height: 32, fps: 16, skip: Math.max(0, frames - 20) })) {
        if (picture.length !== 32 * 32 * 3) wrong.push(`${path}: ${picture.length} values`);
      }
    } catch (error) {
      refused++;
      const isClear = error instanceof TokenTrimError && error.message.includes(path) && !error.message.includes('\n');
      if (!isClear) wrong.push(`${path}: ${(error as Error).stack}`);
    }
    const seconds = (performance.now() - start) / 1000;
    if (seconds > SECONDS) wrong.push(`${path}: ${seconds} seconds`);
  }
  expect(wrong).toEqual([]);
  if (COUNT >= 60) expect(refused).toBeGreaterThan(COUNT / 4); // else nothing was damaged
  if (COUNT >= 60) expect(refused).toBeLessThan(COUNT);
});
