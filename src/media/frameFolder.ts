import { access, constants, lstat, open, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TokenTrimError } from '../errors.js';
import { type MadeFolders, makeFolder } from '../node/files/makeFolder.js';
import { type OutputLock, takeLock } from '../node/files/outputLock.js';
import { isFolder } from '../node/files/outputTarget.js';
import { isOwnFile } from '../node/files/ownFile.js';
import { unwritable } from '../node/files/writeProblem.js';

/** The names of frames. */
export const FRAME_NAME = /^frame-\d{5,}\.png$/;
/** The folder inside the output's where frames wait that will replace those of an earlier run. */
export const PARTIAL_FOLDER = 'partial';

const ADVICE = 'Choose another --out.';

/** A folder that frames are written to, each of them whole. */
export interface FrameFolder {
  add(index: number, picture: Uint8Array): Promise<void>;
  /** @returns where the frames lie */
  finish(isEarly: boolean): Promise<string>;
  /** @returns where the frames of an unfinished video stay; undefined where there are none */
  release(): Promise<string | undefined>;
}

/**
 * Claims a folder for frames. Where it holds none they are written there as they come. Where an earlier run left some, new ones
 * wait in `partial/` and replace those when all are there. Other files stay untouched.
 * @throws TokenTrimError, with nothing left behind, where that is not possible or frames are there that this program did not
 *   write (unless `force`)
 */
export async function openFrameFolder(folder: string, force: boolean): Promise<FrameFolder> {
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
    return claimed(folder, older, made, lock);
  } catch (error) {
    await lock?.release();
    await made.remove();
    throw error instanceof TokenTrimError ? error : unwritable(folder, error, ADVICE);
  }
}

function claimed(folder: string, older: readonly string[], made: MadeFolders, lock: OutputLock): FrameFolder {
  const replaces = older.length > 0;
  const place = replaces ? join(folder, PARTIAL_FOLDER) : folder;
  let madePlace: MadeFolders | undefined;
  const names: string[] = [];

  return {
    async add(index, picture) {
      if (replaces && !madePlace) {
        madePlace = await makeFolder(place, folder, ADVICE);
        for (const name of await framesIn(place)) await removeOwn(join(place, name)); // of a run that was killed
      }
      if (index === 0) {
        await lock.ensureHeld();
        await removeUnfinished(place);
      }
      const name = `frame-${String(index).padStart(5, '0')}.png`;
      await writePicture(join(place, name), picture);
      names.push(name);
    },
    async finish(isEarly) {
      if (isEarly || !replaces) return place;
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
