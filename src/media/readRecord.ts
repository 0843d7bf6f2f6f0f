import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { ensure, TokenTrimError } from '../errors.js';
import { isFolder } from '../node/files/outputTarget.js';
import { openPlainFile, readTextFile, type TextUse } from '../node/files/plainFile.js';
import { framesIn } from './frameFolder.js';
import { RECORD_TEXT, RECORD_UUID } from './recordBox.js';

/** The most that a record takes: one of a plan with thousands of prompts has a hundredth of this. */
const MAX_RECORD = 2 ** 24;
/** The most boxes that are looked through: two for each half second of eighteen hours. */
const MAX_BOXES = 2 ** 18;
/** A frame of 8K without any compression. */
const MAX_PICTURE = 2 ** 27;

/**
 * The record that a video or a folder of frames holds; a file of another kind is taken for a text that is one.
 * @param use how messages name the file, and the most that a text may have
 * @throws TokenTrimError where there is none, or the file cannot be read
 */
export async function readRecord(path: string, use: TextUse): Promise<string> {
  if (await isFolder(path)) {
    const last = (await framesIn(path)).at(-1);
    ensure(last, `${use.label ?? path}: expected frames of a video, frame-00000.png and so on, found none`);
    return found(use.label ?? path, await recordInPng(join(path, last)));
  }
  const file = await openPlainFile(path, use);
  try {
    const start = Buffer.alloc(8);
    await file.read(start, 0, 8, 0);
    if (start.toString('latin1', 4) === 'ftyp') return found(use.label ?? path, await recordInMp4(file));
  } finally {
    await file.close();
  }
  return readTextFile(path, use);
}

function found(label: string, record: string | undefined): string {
  if (record !== undefined) return record;
  throw new TokenTrimError(
    `${label} does not say how it was made: it was made with --no-metadata, was not finished, or is of another program. ` +
      'Pass the plan or report of its run.',
  );
}

async function recordInMp4(file: FileHandle): Promise<string | undefined> {
  const { size } = await file.stat();
  const header = Buffer.alloc(8 + RECORD_UUID.length);
  for (let at = 0, count = 0; at + 8 <= size && count < MAX_BOXES; count++) {
    await file.read(header, 0, header.length, at);
    const length = header.readUInt32BE(0);
    if (length < 8) return undefined; // of 64 bits, or up to the end: nothing that this program writes
    const isOurs = header.toString('latin1', 4, 8) === 'uuid' && header.subarray(8).equals(RECORD_UUID);
    if (isOurs && length > header.length && length <= header.length + MAX_RECORD && at + length <= size) {
      const record = Buffer.alloc(length - header.length);
      await file.read(record, 0, record.length, at + header.length);
      return record.toString();
    }
    at += length;
  }
  return undefined;
}

async function recordInPng(path: string): Promise<string | undefined> {
  const file = await openPlainFile(path, { what: 'a frame of a video' });
  try {
    const { size } = await file.stat();
    if (size > MAX_PICTURE) return undefined;
    const png = Buffer.alloc(size);
    await file.read(png, 0, size, 0);
    for (let at = 8; at + 12 <= size; ) {
      const length = png.readUInt32BE(at);
      const text = png.subarray(at + 8, Math.min(at + 8 + length, size - 4));
      const isText = png.toString('latin1', at + 4, at + 8) === 'iTXt' && length <= MAX_RECORD;
      if (isText && text.toString('latin1', 0, RECORD_TEXT.length) === RECORD_TEXT)
        return text.toString('utf8', RECORD_TEXT.length);
      at += 12 + length;
    }
    return undefined;
  } finally {
    await file.close();
  }
}
