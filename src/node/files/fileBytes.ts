import type { FileHandle } from 'node:fs/promises';
import { ensure } from '../../errors.js';
import type { ByteSource } from '../../weights/byteSource.js';
import { openPlainFile } from './plainFile.js';

/** One read call never asks for more: the operating system's limit is 2 GiB. */
const MAX_READ_BYTES = 2 ** 30;

/**
 * Opens a weight file for reading by ranges.
 *
 * @throws TokenTrimError when it is missing, unreadable or not a plain file
 */
export async function openFileBytes(path: string): Promise<ByteSource> {
  const file = await openPlainFile(path, { what: 'a file of weights' });
  try {
    return new FileBytes(path, (await file.stat()).size, file);
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** A plain file on the disk. */
class FileBytes implements ByteSource {
  constructor(
    readonly label: string,
    readonly size: number,
    private readonly file: FileHandle,
  ) {}

  async read(position: number, byteLength: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(byteLength);
    let done = 0;
    while (done < byteLength) {
      const length = Math.min(byteLength - done, MAX_READ_BYTES);
      const { bytesRead } = await this.file.read(bytes, done, length, position + done);
      ensure(bytesRead > 0, `${this.label}: the file ended at byte ${position + done}; it changed while it was read.`);
      done += bytesRead;
    }
    return bytes;
  }

  close(): Promise<void> {
    return this.file.close();
  }
}
