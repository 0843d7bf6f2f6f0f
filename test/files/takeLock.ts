// A child process of the tests: at the given time takes the lock of a file, checks a second later that it still has it, and
// says whether it has.
import { setTimeout as wait } from 'node:timers/promises';
import { takeLock } from '../../src/files/outputLock.js';

const [path, at] = process.argv.slice(2);
await wait(Number(at) - Date.now());
try {
  const lock = await takeLock(path, path);
  await wait(1000);
  await lock.ensureHeld();
  process.stdout.write('won');
  await lock.release();
} catch {
  process.stdout.write('lost');
}
