import { existsSync, ftruncateSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A folder of this process's own, in memory where there is such a place. */
const home = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'tokentrim-fuzz-'));
process.once('exit', () => rmSync(home, { recursive: true, force: true }));

/** A folder for a parser that reads the disk. */
export function scratchFolder(name: string): string {
  const folder = join(home, name);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** A file whose contents are put there again and again, without being opened again. */
export function scratchFile(path: string): (bytes: Uint8Array) => void {
  mkdirSync(dirname(path), { recursive: true });
  const file = openSync(path, 'w');
  return (bytes) => {
    ftruncateSync(file, 0);
    writeSync(file, bytes, 0, bytes.length, 0);
  };
}
