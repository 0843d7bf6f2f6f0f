import { writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { checkMovieBox } from '../../src/media/movieBox.js';
import { useFolder } from './support/folder.js';

const inFolder = useFolder();

const u32 = (...values: number[]) =>
  Buffer.from(values.flatMap((value) => [24, 16, 8, 0].map((by) => (value >>> by) & 255)));
const box = (name: string, ...contents: Uint8Array[]) => {
  const body = Buffer.concat(contents);
  return Buffer.concat([u32(body.length + 8), Buffer.from(name, 'latin1'), body]);
};
const FULL = u32(0); // version and flags

/** A file whose only track has these tables. */
async function movie(name: string, ...tables: Uint8Array[]): Promise<string> {
  const track = box('trak', box('tkhd', u32(0, 0, 0, 7, 0, 0)), box('mdia', box('minf', box('stbl', ...tables))));
  await writeFile(
    inFolder(name),
    Buffer.concat([box('ftyp', Buffer.from('isom')), box('mdat', Buffer.alloc(100)), box('moov', track)]),
  );
  return inFolder(name);
}

describe('tables that claim more than there is', () => {
  test.each([
    ['times', box('stts', FULL, u32(1, 3_000_000_000, 512)), 'stts in its index claims 3000000000 samples'],
    ['orders', box('ctts', FULL, u32(2, 1, 0, 2_919_235_586, 0)), 'ctts in its index claims 2919235587 samples'],
    ['entries', box('ctts', FULL, u32(4_000_000_000, 1, 0)), 'ctts in its index claims 4000000000 entries'],
    ['sizes', box('stsz', FULL, u32(0, 1000, 5)), 'stsz in its index claims 1000 samples'],
    ['one size', box('stsz', FULL, u32(1, 4_294_967_295)), 'stsz in its index claims 4294967295 samples of 1 bytes'],
    ['chunks', box('stco', FULL, u32(9, 0)), 'stco in its index claims 9 entries'],
    ['far chunks', box('co64', FULL, u32(1, 0)), 'co64 in its index claims 1 entries'],
    ['key frames', box('stss', FULL, u32(2, 1)), 'stss in its index claims 2 entries'],
    [
      'groups of samples',
      box('stsc', FULL, u32(1, 1, 4_000_000_000, 1)),
      'stsc in its index claims 4000000000 samples',
    ],
    ['groups', box('stsc', FULL, u32(1, 1, 1)), 'stsc in its index claims 1 entries'],
  ])('%s', async (name, table, message) => {
    await expect(checkMovieBox(await movie(name, table))).rejects.toThrow(message);
  });
});

test('tables that fit pass, whatever else there is', async () => {
  const tables = [
    box('stts', FULL, u32(1, 3, 512)),
    box('stsz', FULL, u32(0, 3, 5, 5, 5)),
    box('stco', FULL, u32(1, 40)),
  ];
  expect(await checkMovieBox(await movie('sound', ...tables, box('what', Buffer.alloc(50, 255))))).toEqual(new Map());
});

test("a track's colours, by its number", async () => {
  const colr = box('colr', Buffer.from('nclx'), Buffer.from([0, 1, 0, 13, 0, 8, 0]));
  const entry = box('avc1', Buffer.alloc(78), box('pasp', u32(1, 1)), colr);
  const path = await movie('colours', box('stsd', FULL, u32(1), entry));
  expect(await checkMovieBox(path)).toEqual(new Map([[7, { transfer: 13, matrix: 8 }]]));
});

test('boxes without an end, or of no size, or nested without end', async () => {
  let nested = box('trak');
  for (let depth = 0; depth < 2000; depth++) nested = box('trak', nested);
  await writeFile(inFolder('nested'), box('moov', nested));
  await writeFile(inFolder('open'), Buffer.concat([u32(0), Buffer.from('moov'), u32(0), Buffer.from('trak')]));
  await writeFile(inFolder('small'), Buffer.concat([u32(3), Buffer.from('moov'), u32(1), Buffer.from('trak')]));
  await writeFile(inFolder('wide'), Buffer.concat([u32(1), Buffer.from('moov'), u32(0, 20), Buffer.from('....')]));
  for (const name of ['nested', 'open', 'small', 'wide'])
    expect(await checkMovieBox(inFolder(name))).toEqual(new Map());
});

test('a file of nothing but empty boxes is given up', async () => {
  await writeFile(inFolder('empty boxes'), Buffer.alloc(8 * 10_000, box('free')));
  await expect(checkMovieBox(inFolder('empty boxes'))).rejects.toThrow('boxes before its index: the video is damaged');
});
