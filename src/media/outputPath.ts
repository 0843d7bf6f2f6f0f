import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, rmdir, stat, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { TokenTrimError } from '../errors.js';

/** A file that is known to be writable. It keeps its old content until the first write. */
export interface ClaimedFile {
  readonly path: string;
  write(data: Uint8Array, position: number): Promise<void>;
  /** Closes the file. If nothing was written, a file and folders that were made for it are removed again. */
  release(): Promise<void>;
}

/** Opens `path` for writing, making its folders. Throws a TokenTrimError that says why it cannot be written. */
export async function claimFile(path: string): Promise<ClaimedFile> {
  const folders = await makeFolder(dirname(resolve(path)), path);
  let handle: FileHandle | undefined;
  let created = false;
  try {
    handle = await open(path, 'r+').catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      created = true;
      return open(path, 'wx');
    });
  } catch (error) {
    await folders.remove();
    throw unwritable(path, error);
  }

  const file = handle;
  let released = false;
  let empty = true;
  return {
    path,
    async write(data, position) {
      if (empty) {
        empty = false;
        if ((await file.stat()).isFile()) await file.truncate(0);
      }
      for (let done = 0; done < data.byteLength; ) {
        done += (await file.write(data, done, data.byteLength - done, position + done)).bytesWritten;
      }
    },
    async release() {
      if (released) return;
      released = true;
      await file.close();
      if (!empty || !created) return;
      await unlink(path);
      await folders.remove();
    },
  };
}

/**
 * Makes the folder `path` and proves that files can be made in it; `remove` takes back the empty folders made here.
 * The proof is a file, because permission bits say little to root or on a read-only mount.
 */
export async function claimFolder(path: string): Promise<{ remove(): Promise<void> }> {
  const folders = await makeFolder(resolve(path), path);
  const probe = join(path, `.tokentrim-${randomUUID()}`);
  try {
    await (await open(probe, 'wx')).close();
    await unlink(probe);
  } catch (error) {
    await folders.remove();
    throw unwritable(path, error);
  }
  return folders;
}

/** Whether `path` is an existing folder. */
export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** Makes `folder` and what is missing above it. Not `mkdir` with `recursive`, which never returns under /proc. */
async function makeFolder(folder: string, path: string): Promise<{ remove(): Promise<void> }> {
  const made: string[] = [];
  const remove = async () => {
    // A folder that got other files in the meantime stays, and so do those above it.
    for (const one of made.splice(0).reverse()) await rmdir(one).catch(() => undefined);
  };
  try {
    const missing: string[] = [];
    for (let current = folder; !(await exists(current)); current = dirname(current)) missing.unshift(current);
    for (const one of missing) {
      await mkdir(one);
      made.push(one);
    }
    if (!(await isFolder(folder))) throw Object.assign(new Error('not a folder'), { code: 'ENOTDIR' });
  } catch (error) {
    await remove();
    throw unwritable(path, error);
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

const REASONS: Record<string, string> = {
  EACCES: 'permission is denied',
  EPERM: 'permission is denied',
  EROFS: 'the disk is read-only',
  EISDIR: 'it is a folder, not a file',
  ENOTDIR: 'part of the path is a file, not a folder',
  EEXIST: 'part of the path is a file, not a folder',
  ENOENT: 'its folder does not exist and cannot be made',
  ENOSPC: 'the disk is full',
};

function unwritable(path: string, error: unknown): TokenTrimError {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return new TokenTrimError(`Cannot write ${path}: ${REASONS[code] ?? message}. Choose another --out.`, {
    cause: error,
  });
}
