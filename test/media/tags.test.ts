import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { ALL_FORMATS, FilePathSource, Input } from 'mediabunny';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { MediaTags } from '../../src/media/frame.js';
import { openFrameSink } from '../../src/media/frameSink.js';
import { markedPng } from '../../src/media/pngFrames.js';
import { smoothFrame } from './support/clips.js';
import { readVideo } from './support/readVideo.js';

const SIZE = { width: 32, height: 16, fps: 16 };

const TEXTS = {
  plain: 'a red circle',
  beyondAscii: '一只猫 🐈‍⬛ — “ça”\u0301 \u{10ffff}',
  lines: 'first\nsecond\r\n\tthird',
  long: 'ab 🟥 '.repeat(1500), // 10 kB
  quotes: '{"a": "b\\"} <!-- & -->',
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tokentrim-tags-'));
});
afterEach(async () => {
  vi.useRealTimers();
  await rm(folder, { recursive: true, force: true });
});

async function record(name: string, tags?: MediaTags): Promise<string> {
  const path = join(folder, name);
  const sink = await openFrameSink(path, { ...SIZE, tags });
  for (let index = 0; index < 20; index++) await sink.write(smoothFrame(index, SIZE.width, SIZE.height));
  await sink.close();
  return path;
}

/** The tags of an .mp4 by the names of their atoms. */
async function tagsOf(path: string) {
  using input = new Input({ source: new FilePathSource(path), formats: ALL_FORMATS });
  return (await input.getMetadataTags()).raw ?? {};
}

/** The chunks of a PNG whose checksums are right, which all must be. */
function chunksOf(png: Buffer): { type: string; data: Buffer }[] {
  const chunks: { type: string; data: Buffer }[] = [];
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at);
    const body = png.subarray(at + 4, at + 8 + length);
    expect(png.readUInt32BE(at + 8 + length)).toBe(crc32(body));
    chunks.push({ type: body.toString('latin1', 0, 4), data: body.subarray(4) });
    at += 12 + length;
  }
  return chunks;
}

/** The international text of a PNG by keyword. */
function textsOf(png: Buffer): Record<string, string> {
  const texts = chunksOf(png).filter(({ type }) => type === 'iTXt');
  return Object.fromEntries(
    texts.map(({ data }) => {
      const end = data.indexOf(0);
      expect([...data.subarray(end, end + 5)]).toEqual([0, 0, 0, 0, 0]);
      return [data.toString('latin1', 0, end), data.toString('utf8', end + 5)];
    }),
  );
}

describe('an .mp4', () => {
  test.each(Object.entries(TEXTS))('an .mp4 keeps its tags: %s', async (_name, text) => {
    const path = await record('video.mp4', { description: text, comment: `c ${text}`, software: 'tokentrim 1' });
    expect(await tagsOf(path)).toEqual({ desc: text, '©cmt': `c ${text}`, '©too': 'tokentrim 1' });
    expect((await readVideo(path)).timestamps).toHaveLength(20);
  });

  test('without tags there are none', async () => {
    const path = await record('video.mp4', undefined);
    expect(await tagsOf(path)).toEqual({});
    expect((await readFile(path)).includes('udta')).toBe(false);
  });

  test('the bytes do not depend on the clock', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: new Date('2001-02-03T04:05:06Z') });
    const one = await record('one.mp4', { description: 'x' });
    vi.setSystemTime(new Date('2031-12-03T04:05:09Z'));
    const two = await record('two.mp4', { description: 'x' });
    expect((await readFile(one)).equals(await readFile(two))).toBe(true);
  });
});

test.each(Object.entries(TEXTS))('PNG frames keep their tags: %s', async (_name, text) => {
  const path = await record('frames/', { description: text, comment: `c ${text}`, software: 'tokentrim 1' });
  const plain = await record('plain/');
  for (const name of await readdir(path)) {
    const png = await readFile(join(path, name));
    expect(textsOf(png)).toEqual({ Description: text, Comment: `c ${text}`, Software: 'tokentrim 1' });
    const pixels = await sharp(png).raw().toBuffer();
    expect(pixels.equals(await sharp(join(plain, name)).raw().toBuffer())).toBe(true);
  }
  expect(textsOf(await readFile(join(plain, 'frame-00000.png')))).toEqual({});
});

test('PNG frames are the same bytes on another day', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2001-02-03T04:05:06Z') });
  const one = await record('one/', { description: 'x' });
  vi.setSystemTime(new Date('2031-12-03T04:05:09Z'));
  const two = await record('two/', { description: 'x' });
  for (const name of await readdir(one)) {
    expect((await readFile(join(one, name))).equals(await readFile(join(two, name)))).toBe(true);
  }
});

test('any text comes back from a PNG, but for what PNG has no room for', async () => {
  const png = await sharp({ create: { width: 2, height: 2, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const written = Buffer.from(markedPng(png, { description: text }));
      expect(textsOf(written)).toEqual({ Description: Buffer.from(text).toString().replaceAll('\0', '\uFFFD') });
      expect(chunksOf(written)[0].type).toBe('IHDR');
    }),
  );
  await writeFile(join(folder, 'one.png'), markedPng(png, { description: 'x' }));
  expect((await sharp(join(folder, 'one.png')).metadata()).width).toBe(2);
});
