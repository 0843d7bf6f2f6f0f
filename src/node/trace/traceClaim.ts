import { access, constants, readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { TokenTrimError } from '../../errors.js';
import { makeFolder } from '../files/makeFolder.js';
import { type OutputLock, takeLock } from '../files/outputLock.js';
import { beginning } from '../files/plainFile.js';
import { unwritable } from '../files/writeProblem.js';
import { EVENTS_FILE, isFileName, PLAN_FILE, UNFINISHED } from './traceNames.js';

/** What may lie in a trace: its files, and those that a run left which was killed while it wrote them. */
const UNFINISHED_END = new RegExp(`\\${UNFINISHED}-\\d+$`);
const isOwn = (name: string) => {
  const whole = name.replace(UNFINISHED_END, '');
  return [EVENTS_FILE, PLAN_FILE].includes(whole) || isFileName(whole);
};

/** Folders inside a trace lie no deeper. */
const MAX_DEPTH = 4;

/** Enough of the first line to know it by. */
const LOOK_BYTES = 256;

/** A folder that is a trace's, and nobody else's until it is released. */
export interface TraceClaim {
  /** Takes away the trace of an earlier run, its events first; other files stay. */
  empty(): Promise<void>;
  /** @param isEmpty whether the folders that were made for it go again */
  release(isEmpty: boolean): Promise<void>;
}

/**
 * Claims a folder, which is made where it is not there, for a trace. Nothing that is there changes.
 * @throws TokenTrimError, with nothing left behind, where it holds something else, where it holds a trace (unless `force`),
 *   where another run writes it, or where it cannot be written
 */
export async function claimTraceFolder(folder: string, option: string, force: boolean): Promise<TraceClaim> {
  const advice = `Choose another ${option}.`;
  const made = await makeFolder(folder, folder, advice);
  let lock: OutputLock | undefined;
  try {
    await access(folder, constants.W_OK | constants.X_OK);
    lock = await takeLock(join(folder, EVENTS_FILE), folder, advice);
    const older = await filesIn(folder);
    const other = (await isTrace(folder)) ? older.find((name) => !isOwn(name)) : older[0];
    if (other !== undefined) {
      const reason = `it holds ${other}, which is no part of a trace`;
      throw unwritable(folder, reason, `Choose another ${option}, or move that away.`);
    }
    if (older.length > 0 && !force)
      throw unwritable(folder, 'there is a trace already', `Choose another ${option}, or replace it with --force.`);
    const claimed = lock;
    return {
      async empty() {
        await claimed.ensureHeld();
        const names = await filesIn(folder);
        names.sort((left, right) => Number(right === EVENTS_FILE) - Number(left === EVENTS_FILE));
        for (const name of names) await rm(join(folder, name), { force: true });
        await removeEmpty(folder);
      },
      async release(isEmpty) {
        await claimed.release();
        if (isEmpty) await made.remove();
      },
    };
  } catch (error) {
    await lock?.release();
    await made.remove();
    throw error instanceof TokenTrimError ? error : unwritable(folder, error, advice);
  }
}

/** Whether there are events of a trace of any version, be it none: such a run was killed at once. */
async function isTrace(folder: string): Promise<boolean> {
  try {
    const start = (await beginning(join(folder, EVENTS_FILE), LOOK_BYTES)).toString('latin1');
    return start === '' || (start.startsWith('{') && start.includes('"begin"'));
  } catch {
    return false;
  }
}

/** Files by their path inside a folder; hidden ones, such as the lock, are nobody's business. Links are not followed. */
async function filesIn(folder: string, under = '', depth = 1): Promise<string[]> {
  const names: string[] = [];
  for (const entry of await readdir(join(folder, under), { withFileTypes: true })) {
    const name = under + entry.name;
    if (entry.name.startsWith('.')) continue;
    if (entry.isDirectory() && depth < MAX_DEPTH) names.push(...(await filesIn(folder, `${name}/`, depth + 1)));
    else names.push(entry.isFile() ? name : `${name}/`);
  }
  return names;
}

async function removeEmpty(folder: string, depth = 1): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!entry.isDirectory() || depth >= MAX_DEPTH) continue;
    await removeEmpty(join(folder, entry.name), depth + 1);
    await rmdir(join(folder, entry.name)).catch(() => undefined); // where others put files
  }
}
