import { randomUUID } from 'node:crypto';
import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { link, lstat, readFile, rename, rm, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import * as z from 'zod';
import { TokenTrimError } from '../../errors.js';
import { atExit } from './atExit.js';
import { lockPath } from './outputTarget.js';
import { ownProcess, processFields, stateOf } from './processIdentity.js';
import { unwritable } from './writeProblem.js';

// Node has no lock that the system gives back when a process dies. A lock here is a file that names its process: who
// finds one looks whether that process is still there.

const Holder = z.object({ program: z.literal('tokentrim'), ...processFields });
type Holder = z.infer<typeof Holder>;

/** How often a lock says that its process is alive, for those who cannot see that process. */
const BEAT_MS = 10_000;
/** After so long without, a process of another machine or container is taken for dead. */
const SILENCE_MS = 600_000;
/** An empty lock is one whose process was killed while it wrote it; or it is just being written. */
const WRITING_MS = 3000;
const TRIES = 60;

export interface OutputLock {
  /** @throws TokenTrimError where another process has taken it over, for instance after this one slept for long */
  ensureHeld(): Promise<void>;
  release(): Promise<void>;
}

/**
 * Claims an output for this process; a lock whose process is gone is taken over.
 * @param target the file or folder, links followed
 * @param path how errors name it
 * @throws TokenTrimError where another process writes it, or nothing can be written there
 */
export async function takeLock(target: string, path: string, advice?: string): Promise<OutputLock> {
  const file = lockPath(target);
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const lock = create(file, path, advice);
    if (lock) return lock;
    const found = await look(file, path);
    if (found === 'gone') continue;
    if (found === 'new') await wait(WRITING_MS / 30);
    else if (found.isAlive) throw taken(path, found.holder);
    else await removeStale(file, found.text);
  }
  throw unwritable(path, `other runs claim it again and again with ${file}`, advice);
}

/** @throws TokenTrimError where another process has claimed `target` */
export async function ensureUnlocked(target: string, path: string): Promise<void> {
  const found = await look(lockPath(target), path);
  if (typeof found === 'object' && found.isAlive) throw taken(path, found.holder);
}

/** In one go, so that no end of this process comes between the lock and what takes it away again. */
function create(file: string, path: string, advice?: string): OutputLock | undefined {
  try {
    const handle = openSync(file, 'wx');
    try {
      writeFileSync(handle, OWN_TEXT());
    } catch (error) {
      rmSync(file, { force: true });
      throw error;
    } finally {
      closeSync(handle);
    }
    return held(file, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
    throw unwritable(path, error, advice);
  }
}

function held(file: string, path: string): OutputLock {
  const beat = setInterval(() => void utimes(file, new Date(), new Date()).catch(() => undefined), BEAT_MS).unref();
  const forget = atExit(() => rmSync(file, { force: true }));
  return {
    async ensureHeld() {
      if ((await readFile(file, 'utf8').catch(() => '')) === OWN_TEXT()) return;
      const found = await look(file, path);
      throw taken(path, typeof found === 'object' ? found.holder : undefined);
    },
    async release() {
      clearInterval(beat);
      try {
        rmSync(file, { force: true }); // in one go: this process may be about to end
      } catch {
        // What cannot be taken away is found to be nobody's when this process is gone.
      }
      forget();
    },
  };
}

/** What this process writes into a lock. */
const OWN_TEXT = () => `${JSON.stringify({ program: 'tokentrim', ...ownProcess() } satisfies Holder)}\n`;

type Look = 'gone' | 'new' | { readonly holder: Holder | undefined; readonly text: string; readonly isAlive: boolean };

async function look(file: string, path: string): Promise<Look> {
  try {
    const found = await lstat(file);
    const age = Date.now() - found.mtimeMs;
    const text = found.isFile() && found.size < 4096 ? await readFile(file, 'utf8') : 'something else';
    if (text === '') return age < WRITING_MS ? 'new' : { holder: undefined, text, isAlive: false };
    const holder = parse(text);
    if (!holder) throw unwritable(path, `${file} is in the way`, 'Remove it, or choose another path.');
    return { holder, text, isAlive: isAlive(holder, age) };
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return 'gone';
    throw error instanceof TokenTrimError ? error : unwritable(path, error);
  }
}

function parse(text: string): Holder | undefined {
  try {
    return Holder.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/**
 * Moves a lock aside and looks at it again: another process may have put its own in the place of the stale one, and gets it
 * back. (Inode numbers tell nothing: they are used again at once.)
 * @param text what the stale lock holds
 */
async function removeStale(file: string, text: string): Promise<void> {
  const aside = `${file}.${randomUUID().slice(0, 8)}`;
  try {
    await rename(file, aside);
  } catch {
    return;
  }
  const found = await look(aside, file).catch(() => undefined);
  const isStale = typeof found === 'object' && found.text === text && !found.isAlive;
  if (!isStale) await link(aside, file).catch(() => undefined);
  await rm(aside, { force: true });
}

function taken(path: string, holder: Holder | undefined): TokenTrimError {
  if (holder?.pid === process.pid && holder.space === ownProcess().space) {
    return unwritable(path, 'this process is writing it already', 'Close the other output first.');
  }
  const where = holder && holder.host !== hostname() ? ` on ${holder.host}` : '';
  return unwritable(
    path,
    `another run (process ${holder?.pid}${where}) is writing it`,
    'Wait for that one, end it, or choose another path.',
  );
}

function isAlive(holder: Holder, age: number): boolean {
  const state = stateOf(holder);
  return state === 'unseen' ? age < SILENCE_MS : state === 'running';
}
