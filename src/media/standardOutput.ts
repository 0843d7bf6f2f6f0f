import { fstatSync, write } from 'node:fs';
import { promisify } from 'node:util';
import { ensure, TokenTrimError } from '../errors.js';
import { reasonOf } from '../node/files/writeProblem.js';
import type { VideoOutput } from './frame.js';

const STANDARD_OUTPUT = 1;

let isTaken = false;

/** Whether a video goes to standard output, whose errors are then the video's. */
export function isVideoOnStandardOutput(): boolean {
  return isTaken;
}

/**
 * Standard output as a place for a video: a pipe, or the file that a shell opened.
 * @throws TokenTrimError where it is a terminal; later, when its reader goes away
 */
export function openStandardOutput(): VideoOutput {
  ensure(
    process.stdout.isTTY !== true,
    'Standard output is a terminal, which shows no video: send it to a program (... --out - | mpv -) or a file (... --out - > video.mp4).',
  );
  isTaken = true;
  const send = fstatSync(STANDARD_OUTPUT).isFile() ? writeFile : writePipe;
  const path = 'standard output';
  let done = 0;
  return {
    path,
    isStream: true,
    async write(data, position) {
      if (position !== done) throw new Error(`standard output cannot go back to byte ${position}`);
      try {
        await send(data);
      } catch (error) {
        const isGone = (error as NodeJS.ErrnoException).code === 'EPIPE';
        throw new TokenTrimError(
          isGone
            ? 'the reader of standard output went away, so the video ends there'
            : `Cannot write standard output: ${reasonOf(error)}. Make room, or send it elsewhere.`,
        );
      }
      done += data.byteLength;
    },
    finish: async () => path,
    finishEarly: async () => path,
    giveUp: async () => (done > 0 ? path : undefined),
  };
}

/** Resolves when the reader has taken it, or the pipe has room for it: a slow reader holds the run up. */
function writePipe(data: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(data, (error) => (error ? reject(error) : resolve()));
  });
}

/** Node's own stream for a file does not notice when a full disk takes only a part. */
async function writeFile(data: Uint8Array): Promise<void> {
  const writeSome = promisify(write);
  for (let done = 0; done < data.byteLength; ) {
    done += (await writeSome(STANDARD_OUTPUT, data, done, data.byteLength - done, null)).bytesWritten;
  }
}
