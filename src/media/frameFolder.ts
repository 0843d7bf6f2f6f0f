import { createHash, type Hash } from 'node:crypto';
import { access, constants, lstat, open, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TokenTrimError } from '../errors.js';
import { LostOutputError } from '../node/files/earlierOutput.js';
import { type MadeFolders, makeFolder } from '../node/files/makeFolder.js';
import { type OutputLock, takeLock } from '../node/files/outputLock.js';
import { isFolder } from '../node/files/outputTarget.js';
import { isOwnFile } from '../node/files/ownFile.js';
import { syncFile, syncFolder } from '../node/files/syncFile.js';
import { unwritable } from '../node/files/writeProblem.js';
import type { FileMark } from './frame.js';
import { recordedPng } from './recordBox.js';

/** The names of frames. */
export const FRAME_NAME = /^frame-\d{5,}\.png$/;
/** The folder inside the output's where frames wait that will replace those of an earlier run. */
export const PARTIAL_FOLDER = 'partial';

const ADVICE = 'Choose another --out.';

/** A folder that frames are written to, each of them whole. */
export interface FrameFolder {
  add(index: number, picture: Uint8Array): Promise<void>;
  /** Puts on the disk what was written. @returns undefined where there is nothing */
  mark(): Promise<FileMark | undefined>;
  /**
   * @param record goes into the last frame of a video that is whole
   * @returns where the frames lie
   */
  finish(isEarly: boolean, record?: string): Promise<string>;
  /** @returns where the frames of an unfinished video stay; undefined where there are none */
  release(): Promise<string | undefined>;
}

/**
 * Claims a folder for frames. Where it holds none they are written there as they come. Where an earlier run left some, new ones
 * wait in `partial/` and replace those when all are there. Other files stay untouched.
 * @param from go on from these frames of an earlier run, wherever of the two they lie; later ones go at the first write
 * @throws TokenTrimError, with nothing left behind, where that is not possible or frames are there that this program did not
 *   write (unless `force`); LostOutputError where the frames of `from` are not there
 */
export async function openFrameFolder(folder: string, force: boolean, from?: FileMark): Promise<FrameFolder> {
  const made = await makeFolder(folder, folder, ADVICE);
  const partial = join(folder, PARTIAL_FOLDER);
  let lock: OutputLock | undefined;
  try {
    await access(folder, constants.W_OK | constants.X_OK);
    lock = await takeLock(join(folder, 'frames'), folder, ADVICE);
    const older = await framesIn(folder);
    await ensureOwn(folder, older, force);
    if (await lstat(partial).catch(() => undefined)) {
      if (!(await isFolder(partial))) throw unwritable(folder, `${partial} is in the way`, ADVICE);
      await ensureOwn(partial, await framesIn(partial), force);
    }
    const begun = from && (await findBegun([partial, folder], from));
    if (from && !begun) throw new LostOutputError(folder);
    return claimed(folder, begun?.place === folder ? [] : older, made, lock, begun);
  } catch (error) {
    await lock?.release();
    await made.remove();
    throw error instanceof TokenTrimError ? error : unwritable(folder, error, ADVICE);
  }
}

/** Frames of a folder that are to be kept. */
interface BegunFrames {
  readonly place: string;
  readonly frames: number;
  readonly bytes: number;
  readonly hash: Hash;
}

/** The first of some folders whose first frames are those of the mark. */
async function findBegun(places: readonly string[], from: FileMark): Promise<BegunFrames | undefined> {
  for (const place of places) {
    const hash = createHash('sha256');
    let bytes = 0;
    let index = 0;
    for (; index < from.frames; index++) {
      const picture = await readFile(join(place, frameName(index))).catch(() => undefined);
      if (!picture || bytes + picture.length > from.bytes) break;
      hash.update(picture);
      bytes += picture.length;
    }
    const isSame = index === from.frames && bytes === from.bytes && hash.copy().digest('hex') === from.sha256;
    if (isSame) return { place, frames: from.frames, bytes, hash };
  }
  return undefined;
}

function frameName(index: number): string {
  return `frame-${String(index).padStart(5, '0')}.png`;
}

function claimed(
  folder: string,
  older: readonly string[],
  made: MadeFolders,
  lock: OutputLock,
  begun?: BegunFrames,
): FrameFolder {
  const replaces = older.length > 0;
  const place = begun?.place ?? (replaces ? join(folder, PARTIAL_FOLDER) : folder);
  const names = Array.from({ length: begun?.frames ?? 0 }, (_, index) => frameName(index));
  const hash = begun?.hash ?? createHash('sha256');
  let bytes = begun?.bytes ?? 0;
  let madePlace: MadeFolders | undefined;
  let isReady = false;
  let synced = names.length;

  /** Takes away what runs left that were killed, once there is something to put in its place. */
  async function makeReady(): Promise<void> {
    if (isReady) return;
    isReady = true;
    await lock.ensureHeld();
    if (place !== folder) madePlace = await makeFolder(place, folder, ADVICE);
    const isKept = new Set(names);
    const others = place !== folder || begun ? (await framesIn(place)).filter((name) => !isKept.has(name)) : [];
    for (const name of others) await removeOwn(join(place, name));
    await removeUnfinished(place);
  }

  return {
    async add(index, picture) {
      await makeReady();
      const name = frameName(index);
      await writePicture(join(place, name), picture);
      names.push(name);
      hash.update(picture);
      bytes += picture.length;
    },
    async mark() {
      if (names.length === 0) return undefined;
      const mark = { frames: names.length, bytes, sha256: hash.copy().digest('hex') };
      for (; synced < mark.frames; synced++) await syncPicture(join(place, names[synced]));
      await syncFolder(place);
      return mark;
    },
    async finish(isEarly, record) {
      await makeReady();
      const last = names.at(-1);
      if (!isEarly && record !== undefined && last) {
        await writePicture(join(place, last), recordedPng(await readFile(join(place, last)), record));
      }
      if (isEarly || place === folder) return place;
      const isNew = new Set(names);
      for (const name of names) await rename(join(place, name), join(folder, name));
      for (const name of older) if (!isNew.has(name)) await removeOwn(join(folder, name));
      await rmdir(place).catch(() => undefined); // where others put files
      return folder;
    },
    async release() {
      if (names.length === 0) await madePlace?.remove();
      await lock.release();
      if (names.length === 0) await made.remove();
      return names.length > 0 ? place : undefined;
    },
  };
}

async function syncPicture(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await syncFile(file);
  } finally {
    await file.close();
  }
}

/** A run that is killed in the middle of a frame must not leave half a picture under a frame's name. */
async function writePicture(path: string, picture: Uint8Array): Promise<void> {
  const unfinished = `${path}.part`;
  try {
    await rm(unfinished, { force: true });
    await writeFile(unfinished, picture, { flag: 'wx' });
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** Takes away a frame of an earlier, longer video; one that others put there stays, --force or not. */
async function removeOwn(path: string): Promise<void> {
  if (await isOwnFile(path).catch(() => false)) await rm(path, { force: true });
}

/** What a run left that was killed in the middle of a frame. */
async function removeUnfinished(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.part') && FRAME_NAME.test(name.slice(0, -5)));
  for (const name of names) await rm(join(folder, name), { force: true });
}

export async function framesIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => FRAME_NAME.test(name)).sort();
}

async function ensureOwn(folder: string, names: readonly string[], force: boolean): Promise<void> {
  for (const name of names) {
    const path = join(folder, name);
    const found = await lstat(path);
    if (found.isDirectory()) throw unwritable(folder, `${path} is a folder`, ADVICE);
    if (force || (found.isFile() && (await isOwnFile(path).catch(() => false)))) continue;
    throw unwritable(
      folder,
      `it holds ${name}, which this program did not write`,
      'Choose another --out, or replace it with --force.',
    );
  }
  // A file that may not be changed is not replaced, though its folder would allow it.
  for (const name of names.slice(0, 1)) await (await open(join(folder, name), 'r+')).close();
}
