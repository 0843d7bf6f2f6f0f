import { createHash } from 'node:crypto';
import { lstat, readlink, realpath, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { unwritable } from './writeProblem.js';

/** Links that may lead to one another; more are a circle. */
const MAX_LINKS = 40;

/** Most bytes in a name, on every file system that is in use. */
const NAME_BYTES = 255;

/** Where an output ends up. */
export interface OutputTarget {
  /** The file itself, where the path is a link to it. */
  readonly path: string;
  /** Whether a plain file stands there. */
  readonly isThere: boolean;
}

/**
 * Follows links, so that the file is replaced and not the link to it, and refuses what is no plain file: folders, devices,
 * named pipes.
 * @throws TokenTrimError
 */
export async function outputTarget(path: string, advice?: string): Promise<OutputTarget> {
  const refuse = (reason: unknown) => unwritable(path, reason, advice);
  const find = (look: typeof stat | typeof lstat, at = path) =>
    look(at).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw refuse(error);
    });
  if (/[/\\]$/.test(path)) throw refuse('this is the name of a folder, and a file is to be written');
  const there = await find(stat);
  if (there && !there.isFile()) throw refuse(there.isDirectory() ? 'it is a folder, not a file' : notPlain(there));
  if (there) return { path: await realpath(path), isThere: true };

  let current = resolve(path); // or a link, or several, to what is not there yet
  for (let links = 0; links <= MAX_LINKS; links++) {
    const found = await find(lstat, current);
    if (!found?.isSymbolicLink()) return { path: current, isThere: false };
    const folder = await realpath(dirname(current)).catch((error: unknown) => {
      throw refuse(error);
    });
    current = resolve(folder, await readlink(current));
  }
  throw refuse('its links lead in a circle');
}

function notPlain(found: { isFIFO(): boolean; isSocket(): boolean }): string {
  return `it is ${found.isFIFO() ? 'a named pipe' : found.isSocket() ? 'a socket' : 'a device'}, not a plain file`;
}

/** The name under which a file lies until it is finished: `video.partial.mp4`. */
export function partialPath(path: string): string {
  const extension = extname(path);
  return join(dirname(path), fitting(basename(path, extension), `.partial${extension}`));
}

/** The name that `partialPath` made this of; undefined for any other name. */
export function finalPath(path: string): string | undefined {
  const found = /^(.+)\.partial(\.[^.]*)?$/.exec(basename(path));
  return found ? join(dirname(path), `${found[1]}${found[2] ?? ''}`) : undefined;
}

/** The name of the lock beside a file. */
export function lockPath(path: string): string {
  return join(dirname(path), fitting(`.${basename(path)}`, '.lock'));
}

/** `stem` and `suffix` as one name; a long stem is cut and marked with a hash of the whole. */
function fitting(stem: string, suffix: string): string {
  if (Buffer.byteLength(stem + suffix) <= NAME_BYTES) return stem + suffix;
  const hash = createHash('sha256').update(stem).digest('hex').slice(0, 12);
  const room = NAME_BYTES - Buffer.byteLength(`-${hash}${suffix}`);
  let cut = stem;
  while (Buffer.byteLength(cut) > room) cut = [...cut].slice(0, -1).join('');
  return `${cut}-${hash}${suffix}`;
}

/** Whether `path` is an existing folder. */
export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
