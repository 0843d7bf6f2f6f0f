import { mkdir, statfs } from 'node:fs/promises';
import { ensure } from '../../errors.js';
import { formatBytes } from '../../weights/quote.js';
import { fetchBlob } from './fetchBlob.js';
import { blobPath, isThere, linkBlob, snapshotPath, writeRef } from './hubCache.js';
import { explainHubError } from './hubError.js';
import type { HubSession } from './hubSession.js';
import type { ListedFile } from './listFiles.js';

/** Bytes that are still to come. */
export function bytesLeft(files: readonly ListedFile[]): number {
  return files.reduce((sum, { size, present }) => sum + size - present, 0);
}

/** Bytes that the cache's disk can take. */
export async function freeBytes(session: HubSession): Promise<number> {
  const { cache } = session;
  await mkdir(cache, { recursive: true }).catch((error) => {
    throw explainHubError(error, cache, session);
  });
  const { bavail, bsize } = await statfs(cache);
  return bavail * bsize;
}

/**
 * Downloads what the cache does not have, one file after the other, and links it where the Hub's libraries look.
 *
 * @param onBytes told how many bytes of all files are here
 * @throws TokenTrimError saying why it cannot go on; what has arrived stays for the next call
 */
export async function download(
  session: HubSession,
  files: readonly ListedFile[],
  onBytes: (bytes: number, path: string) => void = () => {},
): Promise<void> {
  const [needed, free] = [bytesLeft(files), await freeBytes(session)];
  ensure(
    needed <= free,
    `${session.cache}: ${formatBytes(needed)} are to come, the disk has ${formatBytes(free)} left: free some, or point ` +
      'HF_HOME to another disk',
  );
  let before = 0;
  for (const file of files) {
    const { repo, path, commit, checksum } = file;
    try {
      const blob = blobPath(session.cache, repo, checksum);
      const isLinked = await isThere(snapshotPath(session.cache, repo, commit, path));
      if (!isLinked) {
        if (!(await isThere(blob))) await fetchBlob(session, file, blob, (bytes) => onBytes(before + bytes, path));
        await linkBlob(session.cache, repo, commit, path, checksum);
      }
      await writeRef(session.cache, repo, 'main', commit);
    } catch (error) {
      throw explainHubError(error, `${repo} ${path}`, session);
    }
    before += file.size;
    onBytes(before, path);
  }
}
