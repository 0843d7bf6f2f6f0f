import { TokenTrimError } from '../errors.js';
import type { ReaderRequest } from './reader/messages.js';
import { IMAGE_PATIENCE, ReaderProcess } from './reader/process.js';
import type { PictureRequest, PictureSource } from './readPictures.js';

export type { PictureRequest, PictureSource } from './readPictures.js';

/** What ends reading at once, wherever it is. */
export interface Stoppable {
  readonly signal?: AbortSignal;
}

/** How long a reading process waits for more to do: long enough for what comes after a description, milliseconds. */
const IDLE = 5000;

const idle = new Map<ReaderProcess, NodeJS.Timeout>();

/**
 * Says what is at a path, by its contents and not by its name; decodes nothing.
 * @param fps the frame rate to count a video's pictures at
 * @throws TokenTrimError where `signal` says stop, or there is nothing, or neither picture nor video, or nothing comes of it for some seconds
 */
export async function describePictures(path: string, fps?: number, { signal }: Stoppable = {}): Promise<PictureSource> {
  const { reader, release } = takeReader(signal);
  try {
    return await describe(reader, path, { kind: 'describe', path, fps });
  } finally {
    release();
  }
}

/**
 * Reads the pictures of an image (png, jpeg, webp and others), of a folder of images in the order of their names, or of a
 * video (mp4, mov, webm, mkv), one at a time and the next one ahead. This happens in another process (reader/main.ts), so
 * that a file which hangs or crashes a parser, or fills its memory, does so there and ends in an error here.
 *
 * A video's pictures are taken as they are, whatever its frame rate, as the official code does: shown at 16 frames a second
 * a video of 30 then runs at half its speed. With `fps` they are chosen by time instead, so that it keeps its speed.
 * @returns pictures [height, width, 3], -1 ... 1, cut evenly to the proportions asked for
 * @throws TokenTrimError where something is missing, damaged, cut off or of no known kind
 */
export async function* openPictures(
  path: string,
  { signal, ...request }: PictureRequest & Stoppable,
): AsyncGenerator<Float32Array> {
  const { reader, release } = takeReader(signal);
  let isBusy = false; // whether it still works on what was not waited for
  try {
    const { kind } = await describe(reader, path, { kind: 'read', path, request });
    const seconds = kind === 'video' ? undefined : IMAGE_PATIENCE;
    const next = () => {
      const reply = reader.ask(path, { kind: 'next' }, seconds);
      reply.catch(() => undefined); // thrown where it is waited for
      return reply;
    };
    let reply = await next();
    while (reply.kind === 'picture') {
      const ahead = next();
      isBusy = true;
      yield toUnits(reply.bytes);
      isBusy = false;
      reply = await ahead;
    }
  } finally {
    if (isBusy) reader.kill();
    release();
  }
}

async function describe(reader: ReaderProcess, path: string, request: ReaderRequest): Promise<PictureSource> {
  const reply = await reader.ask(path, request);
  if (reply.kind !== 'described') throw new TokenTrimError(`Cannot read ${path}: expected a description, found none.`);
  return reply.source;
}

/** 0 ... 255 as -1 ... 1. */
function toUnits(bytes: Uint8Array): Float32Array {
  const values = new Float32Array(bytes.length);
  for (let index = 0; index < bytes.length; index++) values[index] = bytes[index] / 127.5 - 1;
  return values;
}

/** A reading process that is idle, or a new one, for as long as `signal` lets it. */
function takeReader(signal?: AbortSignal): { reader: ReaderProcess; release(): void } {
  signal?.throwIfAborted();
  const reader = idleReader() ?? new ReaderProcess();
  const kill = () => reader.kill();
  signal?.addEventListener('abort', kill);
  return {
    reader,
    release() {
      signal?.removeEventListener('abort', kill);
      putBack(reader);
    },
  };
}

function idleReader(): ReaderProcess | undefined {
  for (const [reader, timer] of idle) {
    clearTimeout(timer);
    idle.delete(reader);
    if (!reader.isDead) return reader;
  }
  return undefined;
}

function putBack(reader: ReaderProcess): void {
  if (reader.isDead) return;
  const timer = setTimeout(() => {
    idle.delete(reader);
    reader.kill();
  }, IDLE);
  idle.set(reader, timer.unref());
}
