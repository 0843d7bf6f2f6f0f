import { type FileHandle, open } from 'node:fs/promises';

/** What file systems answer that have nothing to wait for. */
const NOTHING_TO_SYNC = ['EINVAL', 'ENOTSUP', 'ENOSYS'];

/** Waits until a file's bytes are on the disk. @throws the system's error: a disk may say only now that it is full */
export async function syncFile(file: FileHandle): Promise<void> {
  await file.sync().catch((error: NodeJS.ErrnoException) => {
    if (!NOTHING_TO_SYNC.includes(error.code ?? '')) throw error;
  });
}

/** The same for the names in a folder; on Windows, which cannot open one, they need no help. */
export async function syncFolder(folder: string): Promise<void> {
  const file = await open(folder, 'r').catch(() => undefined);
  if (!file) return;
  try {
    await syncFile(file);
  } catch (error) {
    if (process.platform !== 'win32') throw error;
  } finally {
    await file.close();
  }
}
