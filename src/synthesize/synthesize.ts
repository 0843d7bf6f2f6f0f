import { stat, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ensure, TokenTrimError } from '../errors.js';
import { OutputFile } from '../node/files/outputFile.js';
import { partialPath } from '../node/files/outputTarget.js';
import { findShared } from '../node/files/samePath.js';
import { toyWorld } from '../node/model/toyWorld.js';
import { formatBytes } from '../weights/quote.js';
import type { PlannedFile } from './plan.js';
import { StreamedFile } from './streamedFile.js';

export interface SynthesizeOptions {
  /** Whether files that are there already are replaced: these carry no mark of this program, as the published ones do not. */
  readonly force?: boolean;
  /** Told how many bytes of all files are written. */
  readonly onProgress?: (bytes: number) => void;
  /** Ends the work and leaves nothing behind. */
  readonly signal?: AbortSignal;
}

/** Room for headers, and for what a file system needs for itself. */
const SPARE_BYTES = 32 * 2 ** 20;

/**
 * Writes the planned files into a folder, under partial names first: all of them get their names at the end, or none.
 *
 * @throws TokenTrimError where a file is there already, the disk has no room, or writing fails
 */
export async function synthesize(
  folder: string,
  files: readonly PlannedFile[],
  { force = false, onProgress, signal }: SynthesizeOptions = {},
): Promise<void> {
  const found = await stat(folder).catch(() => undefined);
  ensure(!found || found.isDirectory(), `${folder}: expected a folder, found a file: choose another folder`);
  await ensureNotRead(folder, files);
  await checkRoom(folder, files);
  let written = 0;
  const onBytes = (count: number) => {
    written += count;
    onProgress?.(written);
    signal?.throwIfAborted();
  };
  const outputs: OutputFile[] = [];
  try {
    for (const { path } of files) {
      outputs.push(await OutputFile.open(join(folder, path), { option: 'folder', force, makeFolders: true }));
    }
    for (const [index, { write }] of files.entries()) {
      const file = new StreamedFile(outputs[index], onBytes);
      await write(file);
      await file.finish();
    }
    for (const output of outputs) await output.finish();
  } catch (error) {
    for (const output of outputs.reverse()) await output.giveUp();
    throw signal?.aborted ? signal.reason : error;
  }
}

/** The toy world's configuration and tokenizer are what the imitations are made from. */
async function ensureNotRead(folder: string, files: readonly PlannedFile[]): Promise<void> {
  const written = files.flatMap(({ path }) => [join(folder, path), partialPath(join(folder, path))]);
  const shared = await findShared(
    written.map((path) => ({ name: 'written', path })),
    ['config.json', 'tokenizer.json'].map((name) => ({ name: 'read', path: join(toyWorld, name) })),
  );
  if (shared) throw new TokenTrimError(`${shared.path.path}: this is a file that is read. Choose another folder.`);
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
