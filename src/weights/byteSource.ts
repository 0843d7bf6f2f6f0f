import type { FileHandle } from 'node:fs/promises';
import { ensure } from '../errors.js';
import { openPlainFile } from '../node/files/plainFile.js';

/** One read call never asks for more: the operating system's limit is 2 GiB. */
const MAX_READ_BYTES = 2 ** 30;

/**
 * Opens a weight file for reading by ranges.
 *
 * @throws TokenTrimError when it is missing, unreadable or not a plain file
 */
export function openFile(path: string): Promise<FileHandle> {
  return openPlainFile(path, { what: 'a file of weights' });
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
