import { TokenTrimError } from '../../errors.js';
import { describePath, readPictures } from '../readPictures.js';
import type { ReaderReply, ReaderRequest } from './messages.js';
import { startWatchdog } from './watchdog.js';

// The reading process: it opens files that come from anywhere, so that one which hangs, crashes or fills the memory of a
// parser or decoder takes no run with it (process.ts is the other side). It answers one request after the other.

/** How often to say that work goes on, at most: milliseconds. */
const ALIVE_EVERY = 250;

let path = '';
let pictures: AsyncIterator<Uint8Array> | undefined;
let lastAlive = 0;

function say(reply: ReaderReply): void {
  process.send?.(reply, undefined, undefined, () => undefined); // a parent that is gone needs no answer
}

function alive(): void {
  const now = performance.now();
  if (now - lastAlive < ALIVE_EVERY) return;
  lastAlive = now;
  say({ kind: 'alive' });
}

async function answer(request: ReaderRequest): Promise<void> {
  if (request.kind === 'next') {
    const next = await pictures?.next();
    return say(next && !next.done ? { kind: 'picture', bytes: next.value } : { kind: 'end' });
  }
  path = request.path;
  const source = await describePath(path, request.kind === 'describe' ? request.fps : request.request.fps, alive);
  if (request.kind === 'read') pictures = readPictures(path, source.kind, request.request, alive);
  say({ kind: 'described', source });
}

function fail(error: unknown): void {
  const isTeaching = error instanceof TokenTrimError;
  const { message, stack } = error as Error;
  say({ kind: 'failed', message: isTeaching ? message : (stack ?? message), isTeaching });
}

/** An error of a library that nothing waits for: which file it was reading is all that is known. */
function failStray(error: unknown): void {
  const reason = String((error as Error)?.message ?? error).split('\n')[0];
  fail(new TokenTrimError(`Cannot read ${path}: it is damaged or cut off (${reason}).`));
}

startWatchdog();
process.on('disconnect', () => process.exit());
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined); // for the parent to decide
process.on('uncaughtException', failStray);
process.on('unhandledRejection', failStray);
let last = Promise.resolve();
process.on('message', (request: ReaderRequest) => {
  last = last.then(() => answer(request)).catch(fail);
});
say({ kind: 'ready' });
