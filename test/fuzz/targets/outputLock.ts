import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureUnlocked, takeLock } from '../../../src/node/files/outputLock.js';
import { lockPath } from '../../../src/node/files/outputTarget.js';
import { scratchFile, scratchFolder } from '../support/scratch.js';
import type { FuzzTarget } from '../support/target.js';

const folder = scratchFolder('locks');
const target = join(folder, 'video.mp4');
const lockFile = lockPath(target);

let put: ((bytes: Uint8Array) => void) | undefined;

/** A lock that another run, or anybody, left beside an output. */
export default {
  kind: 'json',
  words: ['tokentrim', 'pid', 'host', 'boot', 'space', 'started'],
  async seeds() {
    const lock = await takeLock(target, target);
    const text = readFileSync(lockFile);
    await lock.release();
    put = scratchFile(lockFile);
    return [text];
  },
  async run(bytes) {
    put?.(bytes);
    await ensureUnlocked(target, target);
  },
} satisfies FuzzTarget;
