import { mkdir, rename, rm, rmdir, stat, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ensure, TokenTrimError } from '../../errors.js';
import { formatBytes } from '../formatBytes.js';
import { temporaryName } from '../streamSafetensors.js';
import type { PlannedFile } from './plan.js';
import { StreamedFile } from './streamedFile.js';

export interface SynthesizeOptions {
  /** Whether files that are there already are replaced. */
  readonly force?: boolean;
  /** Told how many bytes of all files are written. */
  readonly onProgress?: (bytes: number) => void;
  /** Ends the work and leaves nothing behind. */
  readonly signal?: AbortSignal;
}

/** Room for headers, and for what a file system needs for itself. */
const SPARE_BYTES = 32 * 2 ** 20;

/**
 * Writes the planned files into a folder, under temporary names first: all of them get their names at the end, or none.
 *
 * @throws TokenTrimError where a file is there already, the disk has no room, or writing fails
 */
export async function synthesize(
  folder: string,
  files: readonly PlannedFile[],
  { force = false, onProgress, signal }: SynthesizeOptions = {},
): Promise<void> {
  await checkTargets(folder, files, force);
  await checkRoom(folder, files);
  const temporary = (path: string) => temporaryName(join(folder, path));
  const madeFolders: string[] = [];
  let written = 0;
  const onBytes = (count: number) => {
    written += count;
    onProgress?.(written);
  };
  try {
    for (const { path, write } of files) {
      await makeFolder(dirname(join(folder, path)), madeFolders);
      const file = await StreamedFile.create(temporary(path), (count) => {
        onBytes(count);
        signal?.throwIfAborted();
      });
      try {
        await write(file);
        await file.finish();
      } finally {
        await file.close();
      }
    }
    for (const { path } of files) await rename(temporary(path), join(folder, path));
  } catch (error) {
    for (const { path } of files) await rm(temporary(path), { force: true }).catch(() => {});
    for (const made of madeFolders.reverse()) await rmdir(made).catch(() => {}); // others may have put files there
    if (signal?.aborted) throw signal.reason;
    throw explain(folder, error);
  }
}

async function checkTargets(folder: string, files: readonly PlannedFile[], force: boolean): Promise<void> {
  const found = await stat(folder).catch(() => undefined);
  ensure(!found || found.isDirectory(), `${folder}: expected a folder, found a file: choose another folder`);
  for (const { path } of files) {
    const there = await stat(join(folder, path)).catch(() => undefined);
    ensure(!there?.isDirectory(), `${join(folder, path)}: expected a file, found a folder: choose another folder`);
    ensure(
      force || !there,
      `${join(folder, path)} is there already: choose another folder, or replace it with --force`,
    );
  }
}

async function checkRoom(folder: string, files: readonly PlannedFile[]): Promise<void> {
  const needed = files.reduce((sum, { byteLength }) => sum + byteLength, SPARE_BYTES);
  let place = resolve(folder);
  while (!(await stat(place).catch(() => undefined))) place = dirname(place);
  const { bavail, bsize } = await statfs(place);
  ensure(
    needed <= bavail * bsize,
    () =>
      `${folder}: ${formatBytes(needed)} are needed, the disk has ${formatBytes(bavail * bsize)} left: free some, choose a ` +
      'folder on another disk, or write less with --dtype bf16 or --parts',
  );
}

async function makeFolder(path: string, made: string[]): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  const above: string[] = [];
  for (let folder = resolve(path); folder !== resolve(dirname(first)); folder = dirname(folder)) above.push(folder);
  made.push(...above.reverse());
}

function explain(folder: string, error: unknown): Error {
  if (error instanceof TokenTrimError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (!code) return error as Error;
  const reason = code === 'ENOSPC' ? 'the disk is full' : code === 'EACCES' ? 'permission is denied' : message;
  return new TokenTrimError(`${folder}: the checkpoint could not be written (${reason}): choose another folder`, {
    cause: error,
  });
}
