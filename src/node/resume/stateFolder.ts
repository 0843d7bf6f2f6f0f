import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { TokenTrimError } from '../../errors.js';
import { RunState, type RunStateOptions } from '../../pipelines/resume/runState.js';
import type { StateStore } from '../../pipelines/resume/stateStore.js';
import { type MadeFolders, makeFolder } from '../files/makeFolder.js';
import { type OutputLock, takeLock } from '../files/outputLock.js';
import { syncFile, syncFolder } from '../files/syncFile.js';
import { unwritable } from '../files/writeProblem.js';

/** What belongs to a state, and what a write that was cut off left. */
const OWN = /^(run|note|blocks|(state|rows)(-\d{1,12}){1,2})$/;
const UNFINISHED = /^\.(run|note|(state|rows)(-\d{1,12}){1,2})\.part$/;

/** No part of a state is as large: keys and values of one latent frame are 600 MB at most. */
const MAX_BYTES = 2 ** 31 - 1;

const ADVICE = 'Make room there, or name another folder.';

/** The state of a run in a folder of its own, which a lock keeps other processes off. */
export class StateFolder implements StateStore {
  private constructor(
    /** The folder. */
    readonly label: string,
    private readonly folders: MadeFolders,
    private readonly lock: OutputLock,
  ) {}

  /**
   * Opens a folder, or makes it.
   * @throws TokenTrimError where another process uses it, where it holds other files, or nothing can be written there
   */
  static async open(path: string): Promise<StateFolder> {
    const folders = await makeFolder(path, path, ADVICE);
    let lock: OutputLock | undefined;
    try {
      lock = await takeLock(join(path, 'state'), path, ADVICE);
      const others = (await readdir(path)).filter((name) => !OWN.test(name) && !UNFINISHED.test(name) && !isLock(name));
      if (others.length > 0) throw unwritable(path, `it holds ${others[0]}, which is no part of a state`, ADVICE);
      return new StateFolder(path, folders, lock);
    } catch (error) {
      await lock?.release();
      await folders.remove();
      throw error instanceof TokenTrimError ? error : unwritable(path, error, ADVICE);
    }
  }

  async names(): Promise<string[]> {
    return (await readdir(this.label)).filter((name) => OWN.test(name));
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    const { size } = (await this.#plain(name)) ?? { size: Number.POSITIVE_INFINITY };
    return size > MAX_BYTES ? undefined : this.readAt(name, 0, size);
  }

  async readAt(name: string, position: number, length: number): Promise<Uint8Array> {
    const found = await this.#plain(name);
    const wanted = Math.min(length, Math.max(0, (found?.size ?? 0) - position), MAX_BYTES);
    const bytes = new Uint8Array(wanted);
    if (wanted === 0) return bytes;
    const file = await open(join(this.label, name), 'r');
    try {
      let done = 0;
      for (let read = 1; done < wanted && read > 0; done += read) {
        read = (await file.read(bytes, done, wanted - done, position + done)).bytesRead;
      }
      return bytes.subarray(0, done);
    } finally {
      await file.close();
    }
  }

  async write(name: string, bytes: Uint8Array): Promise<void> {
    const unfinished = join(this.label, `.${name}.part`);
    await this.#guard(async () => {
      await rm(unfinished, { force: true });
      await whole(await open(unfinished, 'wx'), bytes, 0);
      await rename(unfinished, join(this.label, name));
      await syncFolder(this.label);
    }).catch(async (error) => {
      await rm(unfinished, { force: true }).catch(() => undefined);
      throw error;
    });
  }

  async append(name: string, position: number, bytes: Uint8Array): Promise<void> {
    await this.#guard(async () => {
      const flags = constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0);
      const file = await open(join(this.label, name), flags, 0o666);
      await file.truncate(position);
      await whole(file, bytes, position);
      if (position === 0) await syncFolder(this.label);
    });
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.label, name), { force: true });
  }

  /** Gives the folder free. */
  async close(): Promise<void> {
    await this.lock.release();
    await this.folders.remove(); // where nothing was written
  }

  /** Removes the state of a run that is finished, and the folder where nothing else is in it. */
  async discard(): Promise<void> {
    // Last what says that there is a run: an end between two removals leaves one that has just begun.
    const names = (await readdir(this.label)).filter((name) => OWN.test(name) || UNFINISHED.test(name));
    for (const name of names.sort((left, right) => Number(left === 'run') - Number(right === 'run'))) {
      await this.remove(name);
    }
    await this.lock.release();
    await rmdir(this.label).catch(() => undefined);
  }

  /** A file that was put there as a link, a pipe or a folder is none of ours. */
  async #plain(name: string): Promise<{ readonly size: number } | undefined> {
    const found = await lstat(join(this.label, name)).catch(() => undefined);
    return found?.isFile() ? found : undefined;
  }

  async #guard(write: () => Promise<void>): Promise<void> {
    try {
      await this.lock.ensureHeld();
      await write();
    } catch (error) {
      throw error instanceof TokenTrimError ? error : unwritable(this.label, error, ADVICE);
    }
  }
}

/**
 * Opens the state of a run in a folder, for `runPlan` and `generate`: a run that is given it keeps its state there, and goes on
 * from what is there. `close` the state's folder when the run is over, or `discard` it.
 * @param folder made where it is missing
 * @throws TokenTrimError where another process uses it, or it is no state's
 */
export async function openRunState(
  folder: string,
  options: RunStateOptions = {},
): Promise<{ readonly state: RunState; readonly folder: StateFolder }> {
  const opened = await StateFolder.open(folder);
  try {
    return { state: await RunState.open(opened, options), folder: opened };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

const isLock = (name: string) => name.startsWith('.state.lock');

/** Writes all bytes, has them on the disk, and closes the file. */
async function whole(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  try {
    for (let done = 0; done < bytes.byteLength; ) {
      done += (await file.write(bytes, done, bytes.byteLength - done, position + done)).bytesWritten;
    }
    await syncFile(file);
  } finally {
    await file.close();
  }
}
