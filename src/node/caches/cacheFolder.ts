import { lstatSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir, userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';

import { TokenTrimError } from '../../errors.js';
import { reasonOf } from '../files/writeProblem.js';

let remembered: string | undefined;

/**
 * The folder for what can be had again: the unpacked SwiftShader and the answers of adapter probes.
 * `$XDG_CACHE_HOME/tokentrim`, else `~/.cache/tokentrim`, else a folder of this user's own under the system's
 * temporary folder. A driver is loaded from here, so a folder that belongs to someone else is never used.
 */
export function cacheFolder(): string {
  remembered ??= candidates().find(isOurs) ?? newFolder();
  return remembered;
}

function newFolder(): string {
  try {
    return mkdtempSync(join(tmpdir(), 'tokentrim-'));
  } catch (error) {
    throw new TokenTrimError(
      `There is no folder for what is unpacked and measured: ${[...candidates(), tmpdir()].join(', ')} cannot be written ` +
        `(${reasonOf(error)}). Free some room there, or set XDG_CACHE_HOME to a folder of your own that can.`,
      { cause: error },
    );
  }
}

function candidates(): string[] {
  const base = process.env.XDG_CACHE_HOME;
  return [
    ...(base && isAbsolute(base) ? [join(base, 'tokentrim')] : []),
    join(homedir(), '.cache', 'tokentrim'),
    join(tmpdir(), `tokentrim-${userInfo().uid}`),
  ];
}

function isOurs(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const stats = lstatSync(folder);
    const uid = process.getuid?.();
    if (!stats.isDirectory() || (uid !== undefined && stats.uid !== uid)) return false;
    // Permission bits do not show a read-only mount or a full disk; making an entry does.
    rmSync(mkdtempSync(join(folder, 'try-')), { recursive: true });
    return true;
  } catch {
    return false;
  }
}
