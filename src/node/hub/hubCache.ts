import { lstat, mkdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { getHFHubCachePath, getRepoFolderName } from '@huggingface/hub';
import { readTextFile } from '../files/plainFile.js';

// The layout that all of Hugging Face's libraries share, so that nothing is downloaded twice:
// models--org--name/blobs/<checksum>, snapshots/<commit>/<path> linked to it, refs/<branch> with the commit.
// Source: huggingface/huggingface_hub `docs/source/en/guides/manage-cache.md`, `file_download.py`.

/** Where the Hub's libraries keep what they download: HF_HUB_CACHE, else HF_HOME/hub, else ~/.cache/huggingface/hub. */
export function hubCache(): string {
  return getHFHubCachePath();
}

/** The folder of a model's repository in a cache. */
function repoFolder(cache: string, repo: string): string {
  return join(cache, getRepoFolderName({ type: 'model', name: repo }));
}

export function blobPath(cache: string, repo: string, checksum: string): string {
  return join(repoFolder(cache, repo), 'blobs', checksum);
}

export function snapshotPath(cache: string, repo: string, commit: string, path = ''): string {
  return join(repoFolder(cache, repo), 'snapshots', commit, ...path.split('/'));
}

/** The snapshot of a branch (or commit) that was downloaded before; undefined where there is none. */
export async function cachedSnapshot(cache: string, repo: string, revision = 'main'): Promise<string | undefined> {
  const path = join(repoFolder(cache, repo), 'refs', revision);
  const ref = (await readTextFile(path, { what: 'a commit', limit: 1024 }).catch(() => '')).trim();
  // Anything but a commit could lead out of the cache.
  const snapshot = snapshotPath(cache, repo, /^[0-9a-f]{7,64}$/.test(ref) ? ref : revision);
  return (await isThere(snapshot)) ? snapshot : undefined;
}

/** Makes a downloaded blob a file of a snapshot. */
export async function linkBlob(cache: string, repo: string, commit: string, path: string, checksum: string) {
  const blob = blobPath(cache, repo, checksum);
  const file = snapshotPath(cache, repo, commit, path);
  await mkdir(dirname(file), { recursive: true });
  if (await lstat(file).catch(() => undefined)) await rm(file); // a link to a blob that was removed
  try {
    await symlink(relative(dirname(file), blob), file);
  } catch {
    // Where links are forbidden (Windows without developer mode) the libraries move the blob to its place.
    await rename(blob, file);
  }
}

/** Remembers which commit a branch was. */
export async function writeRef(cache: string, repo: string, revision: string, commit: string): Promise<void> {
  const ref = join(repoFolder(cache, repo), 'refs', revision);
  await mkdir(dirname(ref), { recursive: true });
  await writeFile(ref, commit);
}

/** True for a file or folder that can be reached, through a link as well. */
export async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
