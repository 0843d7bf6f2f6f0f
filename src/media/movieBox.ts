import { type FileHandle, open } from 'node:fs/promises';
import { ensure, TokenTrimError } from '../errors.js';

/** What the index of an MP4 or QuickTime file says of a track's colours: numbers of ITU-T H.273. */
export interface TrackColor {
  readonly matrix: number;
  readonly transfer: number;
}

/** Boxes that hold boxes, and the bytes before the first: ISO/IEC 14496-12. A sample entry is a box of any name in stsd. */
const HOLDERS: Record<string, number> = { trak: 0, mdia: 0, minf: 0, stbl: 0, edts: 0, stsd: 8 };
const ENTRY = 78;

/** Tables: bytes before their entries, and of an entry. */
const TABLES: Record<string, readonly [before: number, entry: number]> = {
  ...{ stts: [8, 8], ctts: [8, 8], stsc: [8, 12], stco: [8, 4], co64: [8, 8], stss: [8, 4] },
};

/** An index is read whole; a day of video has a tenth of this. */
const LARGEST = 256 * 2 ** 20;

/** Boxes before the index: a file has a handful, and one of nothing but empty boxes would be read for hours. */
const MOST_BOXES = 4096;

interface Walk {
  readonly path: string;
  readonly fileSize: number;
  readonly colors: Map<number, TrackColor>;
  track: number;
}

/**
 * Looks through the index of an MP4 or QuickTime file before a parser does, which would believe it: no table may have more
 * entries than its box has room for, nor speak of more samples than the file has bytes.
 * @returns colours that tracks name in their `colr` boxes, by the tracks' numbers
 * @throws TokenTrimError where a table claims more
 */
export async function checkMovieBox(path: string): Promise<Map<number, TrackColor>> {
  const file = await open(path);
  try {
    const { size: fileSize } = await file.stat();
    const walk: Walk = { path, fileSize, colors: new Map(), track: 0 };
    const index = await findIndex(file, fileSize, path);
    if (index) visit(index, 0, index.length, walk, 0);
    return walk.colors;
  } finally {
    await file.close();
  }
}

async function findIndex(file: FileHandle, fileSize: number, path: string): Promise<Buffer | undefined> {
  const header = Buffer.alloc(16);
  for (let at = 0, boxes = 0; at + 8 <= fileSize; boxes++) {
    ensure(
      boxes < MOST_BOXES,
      `Cannot read ${path}: it has ${MOST_BOXES} boxes before its index: the video is damaged.`,
    );
    await file.read(header, 0, 16, at);
    const found = boxAt(header, 0, fileSize - at);
    if (found.name === 'moov') {
      const length = Math.min(found.end, fileSize - at, LARGEST) - found.start;
      const index = Buffer.alloc(Math.max(length, 0));
      await file.read(index, 0, index.length, at + found.start);
      return index;
    }
    if (found.end < 8) return undefined;
    at += found.end;
  }
  return undefined;
}

/** A box's name, and where its contents are. @param left bytes from `at` on, for a box that says it goes on to the end */
function boxAt(data: Buffer, at: number, left: number): { name: string; start: number; end: number } {
  const size = data.readUInt32BE(at);
  const name = data.toString('latin1', at + 4, at + 8);
  if (size === 1 && left >= 16) return { name, start: at + 16, end: at + Number(data.readBigUInt64BE(at + 8)) };
  return { name, start: at + 8, end: at + (size === 0 ? left : size) };
}

function visit(data: Buffer, from: number, to: number, walk: Walk, depth: number, isEntry = false): void {
  for (let at = from; at + 8 <= to; ) {
    const { name, start, end: claimed } = boxAt(data, at, to - at);
    const end = Math.min(claimed, to);
    if (name === 'tkhd' && start + 24 <= end) walk.track = data.readUInt32BE(start + (data[start] === 1 ? 20 : 12));
    if (name === 'colr' && isEntry && start + 10 <= end) readColor(data, start, walk);
    if (name in TABLES || name === 'stsz') checkTable(data, name, start, end, walk);
    if (depth < 8) {
      if (name in HOLDERS) visit(data, start + HOLDERS[name], end, walk, depth + 1, name === 'stsd');
      else if (isEntry && end - start > ENTRY) visit(data, start + ENTRY, end, walk, depth + 1, true);
    }
    if (claimed < at + 8) return;
    at = claimed;
  }
}

function readColor(data: Buffer, start: number, { colors, track }: Walk): void {
  if (!['nclx', 'nclc'].includes(data.toString('latin1', start, start + 4))) return;
  colors.set(track, { transfer: data.readUInt16BE(start + 6), matrix: data.readUInt16BE(start + 8) });
}

function checkTable(data: Buffer, name: string, start: number, end: number, { path, fileSize }: Walk): void {
  const refuse = (claimed: string, room: string): never => {
    throw new TokenTrimError(
      `Cannot read ${path}: the table ${name} in its index claims ${claimed}, more than ${room}: the video is damaged.`,
    );
  };
  if (start + 8 > end) return;
  if (name === 'stsz') {
    const [size, count] = start + 12 <= end ? [data.readUInt32BE(start + 4), data.readUInt32BE(start + 8)] : [0, 0];
    if (size === 0 && start + 12 + count * 4 > end) refuse(`${count} samples`, 'it has room for');
    if (size * count > fileSize) refuse(`${count} samples of ${size} bytes`, `the ${fileSize} bytes of the file`);
    return;
  }
  const [before, entry] = TABLES[name];
  const count = data.readUInt32BE(start + 4);
  if (start + before + count * entry > end) refuse(`${count} entries`, 'it has room for');
  // Entries of the first two begin with a number of samples; those of the third have the samples of each chunk second.
  if (name !== 'stts' && name !== 'ctts' && name !== 'stsc') return;
  let samples = 0;
  for (let at = start + before; at < start + before + count * entry; at += entry) {
    if (name === 'stsc') samples = Math.max(samples, data.readUInt32BE(at + 4));
    else samples += data.readUInt32BE(at);
  }
  if (samples > fileSize) refuse(`${samples} samples`, `the ${fileSize} bytes of the file can hold`);
}
