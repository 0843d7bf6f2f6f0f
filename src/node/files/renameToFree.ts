import { link, rename, rm, stat } from 'node:fs/promises';
import { reasonOf } from './writeProblem.js';

/** Renames where nothing has the new name. */
export async function renameToFree(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw error;
    // A file system without hard links.
    if (await stat(to).catch(() => undefined)) throw new Error(`${to} is there: ${reasonOf(error)}`);
    await rename(from, to);
    return;
  }
  await rm(from);
}
