import { createHash } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AdapterDriver } from '../../tensor/formTable.js';
import { cacheProblem } from '../files/writeProblem.js';
import { kernelNames, kernelText } from '../kernelTexts.js';

/** Where what is known of an adapter and its driver is kept. */
export function adapterFile(folder: string, what: string, { name, driver }: AdapterDriver): string {
  const key = createHash('sha256')
    .update(JSON.stringify([name, driver]))
    .digest('hex')
    .slice(0, 20);
  return join(folder, `${what}-${key}.json`);
}

/**
 * Writes a file as JSON in the place of what was there; written beside and renamed.
 * @returns why it could not be written
 */
export function replaceQuietly(folder: string, path: string, contents: object): string | undefined {
  const unfinished = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(unfinished, `${JSON.stringify(contents, undefined, 1)}\n`);
    renameSync(unfinished, path);
    return undefined;
  } catch (error) {
    removeQuietly(unfinished);
    return cacheProblem(folder, error);
  }
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // The folder cannot be written: nothing is there.
  }
}

let hash: string | undefined;

/** Changes with every kernel's WGSL and with the program's version. */
export function programHash(): string {
  if (hash) return hash;
  const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
  const parts = kernelNames().map((name) => `${name}\n${kernelText(name)}`);
  hash = createHash('sha256')
    .update([version, ...parts].join('\0'))
    .digest('hex');
  return hash;
}
