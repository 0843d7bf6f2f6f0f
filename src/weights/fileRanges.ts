import { type FileHandle, open, stat } from 'node:fs/promises';
import { ensure, TokenTrimError } from '../errors.js';

/** One read call never asks for more: the operating system's limit is 2 GiB. */
const MAX_READ_BYTES = 2 ** 30;

/**
 * Opens a weight file for reading by ranges.
 *
 * @throws TokenTrimError when it is missing, unreadable or not a plain file
 */
export async function openFile(path: string): Promise<FileHandle> {
  try {
    // Asked first: opening a named pipe would wait for ever.
    const found = await stat(path);
    ensure(found.isFile(), `${path}: expected a file of weights, found something that is not a file.`);
    return await open(path, 'r');
  } catch (cause) {
    if (cause instanceof TokenTrimError) throw cause;
    throw new TokenTrimError(`${path}: could not be opened (${(cause as NodeJS.ErrnoException).code}).`, { cause });
  }
}

/** `byteLength` bytes from `position` on, in a buffer of their own. Throws where the file ends before that. */
export async function readAt(
  file: FileHandle,
  position: number,
  byteLength: number,
  label: string,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(byteLength);
  let done = 0;
  while (done < byteLength) {
    const length = Math.min(byteLength - done, MAX_READ_BYTES);
    const { bytesRead } = await file.read(bytes, done, length, position + done);
    ensure(bytesRead > 0, `${label}: the file ended at byte ${position + done}; it changed while it was read.`);
    done += bytesRead;
  }
  return bytes;
}
