import { mkdir, rmdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { isFolder } from './outputTarget.js';
import { unwritable } from './writeProblem.js';

/** Folders that were made for an output. */
export interface MadeFolders {
  /** Takes back those that are still empty. */
  remove(): Promise<void>;
}

/**
 * Makes a folder and what is missing above it. Not `mkdir` with `recursive`, which never returns under /proc.
 * @param path how errors name the output
 * @throws TokenTrimError, with nothing left behind
 */
export async function makeFolder(folder: string, path: string, advice?: string): Promise<MadeFolders> {
  const made: string[] = [];
  const remove = async () => {
    // A folder that got other files in the meantime stays, and so do those above it.
    for (const one of made.splice(0).reverse()) await rmdir(one).catch(() => undefined);
  };
  try {
    const missing: string[] = [];
    for (let current = resolve(folder); !(await exists(current)); current = dirname(current)) missing.unshift(current);
    for (const one of missing) {
      try {
        await mkdir(one);
        made.push(one);
      } catch (error) {
        // Another run may have made it a moment ago.
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !(await isFolder(one))) throw error;
      }
    }
    if (!(await isFolder(folder))) throw Object.assign(new Error('not a folder'), { code: 'ENOTDIR' });
  } catch (error) {
    await remove();
    throw unwritable(path, error, advice);
  }
  return { remove };
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
