import { randomUUID } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseRecord, type RunRecord } from '../../compare/runRecord.js';
import { makeFolder } from '../files/makeFolder.js';
import { isAbsent, readTextFile } from '../files/plainFile.js';
import { unwritable } from '../files/writeProblem.js';

/** Longer than any record of a video of an hour. */
const MAX_BYTES = 2 ** 26;

/** Which run of a comparison. */
export interface RunPlace {
  readonly preset: string;
  readonly arm: string;
  readonly pair: string;
}

/** Where the record of a run lies. */
export function runFile(folder: string, { preset, arm, pair }: RunPlace): string {
  return join(folder, 'runs', preset, arm, `${pair}.json`);
}

/**
 * The record of a run that was finished; undefined where there is none, or one that is torn or of another plan.
 * @throws TokenTrimError where something lies there that is no file, or may not be read
 */
export async function readRun(folder: string, place: RunPlace, digest: string): Promise<RunRecord | undefined> {
  try {
    const text = await readTextFile(runFile(folder, place), { what: 'the record of a run', limit: MAX_BYTES });
    const record = parseRecord(text);
    return record?.digest === digest ? record : undefined;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/**
 * Writes a record in one go: whoever looks, or whatever ends this process, finds all of it or what was there before.
 * @throws TokenTrimError where it cannot be written
 */
export async function writeRun(folder: string, record: RunRecord): Promise<void> {
  const path = runFile(folder, record);
  await makeFolder(dirname(path), path);
  await writeWhole(path, `${JSON.stringify(record)}\n`);
}

/** Writes a file of the comparison under another name, and gives it its own when it is whole. */
export async function writeWhole(path: string, text: string): Promise<void> {
  const partial = `${path}.${randomUUID()}.tmp`;
  try {
    await writeFile(partial, text);
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw unwritable(path, error);
  }
}
