import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** A folder that is removed after the last test of a file. Call at the top of the file; returns paths in the folder. */
export function useFolder(): (name: string) => string {
  const folder = mkdtempSync(join(tmpdir(), 'tokentrim-media-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return (name) => join(folder, name);
}
