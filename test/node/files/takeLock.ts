// A child process of the tests: takes the lock of a file, checks a little later that it still has it, says whether it has, and
// keeps it until its standard input ends.
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { takeLock } from '../../../src/node/files/outputLock.js';

const [path, at] = process.argv.slice(2);
const ended = once(process.stdin.resume(), 'end');
await wait(Math.max(0, Number(at) - Date.now()));
try {
  const lock = await takeLock(path, path);
  await wait(500);
  await lock.ensureHeld();
  process.stdout.write('won');
  await ended;
  await lock.release();
} catch {
  process.stdout.write('lost');
}
