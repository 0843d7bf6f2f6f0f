import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { type ClaimStore, Claims, entryName, newestEntry } from '../../batch/claims.js';
import { isAbsent } from '../files/plainFile.js';
import { ownProcess, type ProcessIdentity, stateOf } from '../files/processIdentity.js';
import { unwritable } from '../files/writeProblem.js';

/** More than any entry has. */
const MAX_BYTES = 4096;

/** Claims as files of a folder. That a file is made by one of those who try (`O_EXCL`) also holds on NFS, from version 3 on. */
export function claimFiles(folder: string): ClaimStore {
  const path = (name: string) => join(folder, name);
  return {
    async create(name, text) {
      let file: FileHandle | undefined;
      try {
        file = await open(path(name), 'wx');
        await file.writeFile(text);
        return true;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
        throw unwritable(path(name), error);
      } finally {
        await file?.close();
      }
    },
    async read(name) {
      let file: FileHandle | undefined;
      try {
        file = await open(path(name), 'r'); // which asks a file server how the file is now
        const { mtimeMs, size } = await file.stat();
        return { text: size > MAX_BYTES ? '' : await file.readFile('utf8'), beat: mtimeMs };
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw error;
      } finally {
        await file?.close();
      }
    },
    async beat(name) {
      const now = new Date();
      await utimes(path(name), now, now);
    },
  };
}

/**
 * Takes away what is claimed of finished clips, the newest entry first: whoever looks meanwhile finds a clip held, or claims it
 * and then finds it finished.
 */
export async function clearClaims(folder: string, clips: readonly { readonly key: string }[]): Promise<void> {
  const store = claimFiles(folder);
  for (const { key } of clips) {
    const newest = await newestEntry<WorkerProcess>(store, key);
    if (!newest?.entry || (newest.entry.state === 'held' && !hasEnded(newest.entry.worker))) continue;
    for (let { number } = newest; number > 0; number--) await rm(join(folder, entryName(key, number)), { force: true });
  }
}

/** What a worker writes of itself. */
export type WorkerProcess = ProcessIdentity;

/** The claims of this process in a folder that is there. */
export function openClaims(folder: string, expirySeconds: number): Claims<WorkerProcess> {
  return new Claims({
    store: claimFiles(folder),
    self: ownProcess(),
    token: randomUUID,
    now: () => performance.now(),
    hasEnded: hasEnded,
    expirySeconds,
  });
}

/**
 * Whether a worker of this very machine is gone. One that names another start of a machine of this name may be a twin's: its
 * silence tells.
 */
export function hasEnded(worker: WorkerProcess): boolean {
  const isHere = worker.host === ownProcess().host && worker.boot === ownProcess().boot;
  return isHere && stateOf(worker) === 'ended';
}
