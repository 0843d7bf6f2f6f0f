import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

/**
 * The same for all paths of one file or folder: links, hard links and other spellings included. What is not there yet is known
 * by its folder and name.
 */
export async function identityOf(path: string): Promise<string> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  if (found) return `${found.dev}:${found.ino}`;
  const whole = resolve(path);
  return join(await realpath(dirname(whole)).catch(() => dirname(whole)), basename(whole));
}

/** A file or folder and what it is for, such as --image or the model. */
export interface NamedPath {
  readonly name: string;
  readonly path: string;
}

/** The first of `paths` that is the same as one of `others`, and which. */
export async function findShared(
  paths: readonly NamedPath[],
  others: readonly NamedPath[],
): Promise<{ readonly path: NamedPath; readonly other: NamedPath } | undefined> {
  const known = new Map<string, NamedPath>();
  for (const other of others) known.set(await identityOf(other.path), other);
  for (const path of paths) {
    const other = known.get(await identityOf(path.path));
    if (other) return { path, other };
  }
  return undefined;
}
