import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ensure, TokenTrimError } from '../../errors.js';
import { takeLock } from '../files/outputLock.js';
import { HubStatusError, systemCode } from './hubError.js';
import type { HubSession } from './hubSession.js';
import type { ListedFile } from './listFiles.js';

// @huggingface/hub's own download keeps no part of a file whose connection broke, and compares no checksum.

/** Tries without a single new byte before giving up. */
const MAX_TRIES = 5;

/**
 * Downloads a file to `blob`. What arrives lies in `<blob>.incomplete`, where huggingface_hub keeps it too, and a later
 * call goes on from there; a file whose checksum is wrong is removed.
 *
 * @param onBytes told how many bytes of the file are on the disk
 */
export async function fetchBlob(
  session: HubSession,
  file: ListedFile,
  blob: string,
  onBytes: (bytes: number) => void = () => {},
): Promise<void> {
  const partial = `${blob}.incomplete`;
  await mkdir(dirname(blob), { recursive: true });
  const lock = await takeLock(blob, `${file.repo} ${file.path}`); // two that append to one file would spoil it
  try {
    await fetchInto(session, file, partial, onBytes);
    await rename(partial, blob);
  } finally {
    await lock.release();
  }
}

async function fetchInto(
  session: HubSession,
  file: ListedFile,
  partial: string,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const found = await stat(partial).catch(() => undefined);
  ensure(!found || found.isFile(), `${partial}: expected what arrived of a file, found something else: remove it`);
  if (found && found.size > file.size) await rm(partial);
  const handle = await open(partial, 'a');
  try {
    const target = await Target.resume(handle, partial, file);
    onBytes(target.bytes);
    for (let tries = 0; target.bytes < file.size; ) {
      const before = target.bytes;
      try {
        await receive(session, file, target, onBytes);
      } catch (error) {
        if (!canRetry(error, session)) throw error;
        tries = target.bytes > before ? 1 : tries + 1;
        if (tries >= MAX_TRIES) throw error;
        await wait(Math.min(250 * 2 ** tries, 4000), undefined, { signal: session.signal });
      }
    }
    await handle.sync();
    if (target.digest() !== file.checksum) {
      await rm(partial);
      ensure(
        false,
        `${file.repo} ${file.path}: the download is damaged, its checksum is not ${file.checksum}: it was removed, run ` +
          'the command again',
      );
    }
  } finally {
    await handle.close();
  }
}

/** The partial file, and the hash of what it holds. */
class Target {
  bytes = 0;
  #hash: Hash;

  private constructor(
    private readonly handle: FileHandle,
    private readonly file: ListedFile,
  ) {
    this.#hash = newHash(file);
  }

  static async resume(handle: FileHandle, path: string, file: ListedFile): Promise<Target> {
    const target = new Target(handle, file);
    for await (const piece of createReadStream(path, { highWaterMark: 2 ** 20 })) {
      target.#hash.update(piece);
      target.bytes += piece.length;
    }
    return target;
  }

  async append(piece: Uint8Array): Promise<void> {
    for (let done = 0; done < piece.length; ) {
      done += (await this.handle.write(piece, done, piece.length - done)).bytesWritten;
    }
    this.#hash.update(piece);
    this.bytes += piece.length;
  }

  async clear(): Promise<void> {
    await this.handle.truncate(0);
    this.#hash = newHash(this.file);
    this.bytes = 0;
  }

  digest(): string {
    return this.#hash.digest('hex');
  }
}

/** Large files are named by their SHA-256, files in git by git's own hash of a blob: length and contents. */
function newHash({ checksum, size }: ListedFile): Hash {
  return checksum.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`);
}

/** Asks for what is missing and appends it until it is whole or the connection ends. */
async function receive(
  { url, token, signal }: HubSession,
  { repo, path, commit, size }: ListedFile,
  target: Target,
  onBytes: (bytes: number) => void,
): Promise<void> {
  // The Hub sends large files from other hosts; fetch follows, and leaves the token behind.
  const response = await fetch(
    `${url}/${repo}/resolve/${commit}/${path.split('/').map(encodeURIComponent).join('/')}`,
    {
      headers: {
        'accept-encoding': 'identity', // a compressed answer could not be continued
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...(target.bytes > 0 ? { range: `bytes=${target.bytes}-` } : {}),
      },
      signal,
    },
  );
  if (!response.ok || !response.body) throw new HubStatusError(response.status);
  const isRest = response.status === 206 && response.headers.get('content-range')?.startsWith(`bytes ${target.bytes}-`);
  if (response.status === 206 && !isRest) throw new Error('another part of the file came than was asked for');
  if (!isRest) await target.clear();
  for await (const piece of response.body) {
    await target.append(piece);
    ensure(
      target.bytes <= size,
      `${repo} ${path}: ${url} sends more than the ${size} bytes that the file has: run the command again`,
    );
    onBytes(target.bytes);
  }
  if (target.bytes < size) throw new Error('the connection was closed early');
}

/** Broken connections and overloaded servers are worth another try; refusals, full disks and Ctrl-C are not. */
function canRetry(error: unknown, { signal }: HubSession): boolean {
  if (signal?.aborted || error instanceof TokenTrimError) return false;
  if (error instanceof HubStatusError) return error.statusCode >= 500 || [408, 416, 429].includes(error.statusCode);
  return !['ENOSPC', 'EACCES', 'EROFS', 'EIO', 'ENOTFOUND', 'ECONNREFUSED'].includes(systemCode(error) ?? '');
}
