import { stat } from 'node:fs/promises';
import { modelInfo, pathsInfo } from '@huggingface/hub';
import { ensure } from '../../errors.js';
import { blobPath, isThere, snapshotPath } from './hubCache.js';
import { explainHubError } from './hubError.js';
import type { HubSession } from './hubSession.js';
import type { HubFile } from './presets.js';

/** A file with what the Hub says of it, and how much of it is here already. */
export interface ListedFile extends HubFile {
  /** Of the repository's main branch. */
  readonly commit: string;
  readonly size: number;
  /** SHA-256 of the contents, or for small files that lie in git itself, SHA-1 as git makes it. */
  readonly checksum: string;
  /** Bytes that an earlier download left. */
  readonly present: number;
  /** Whether the file is in the cache, whole. */
  readonly isCached: boolean;
}

/**
 * Asks the Hub for sizes and checksums, one repository after the other.
 *
 * @throws TokenTrimError where the Hub cannot be reached, refuses, or has no such file
 */
export async function listFiles(session: HubSession, files: readonly HubFile[]): Promise<ListedFile[]> {
  const listed: ListedFile[] = [];
  for (const repo of new Set(files.map((file) => file.repo))) {
    const ofRepo = files.filter((file) => file.repo === repo);
    try {
      listed.push(...(await listRepo(session, repo, ofRepo)));
    } catch (error) {
      throw explainHubError(error, repo, session);
    }
  }
  return files.map((file) => listed.find(({ repo, path }) => repo === file.repo && path === file.path)!);
}

async function listRepo(session: HubSession, repo: string, files: readonly HubFile[]): Promise<ListedFile[]> {
  const request = {
    hubUrl: session.url,
    accessToken: session.token,
    fetch: (input: RequestInfo | URL, init?: RequestInit) => fetch(input, { ...init, signal: session.signal }),
  };
  const { sha: commit } = await modelInfo({ ...request, name: repo, revision: 'main', additionalFields: ['sha'] });
  const strange = (what: string) =>
    `${repo}: ${session.url} does not answer as the Hub does (${what}): check --hub-url`;
  // These become names of files: a server must not choose others.
  ensure(/^[0-9a-f]{40}$/.test(commit), () => strange(`commit ${JSON.stringify(commit)}`));
  const infos = await pathsInfo({ ...request, repo, revision: commit, paths: files.map(({ path }) => path) });
  return Promise.all(
    files.map(async (file) => {
      const info = infos.find(({ path, type }) => path === file.path && type === 'file');
      ensure(info, `${repo}: there is no file ${file.path} any more: look for it at ${session.url}/${repo}`);
      const checksum = info.lfs?.oid ?? info.oid ?? '';
      ensure(/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(checksum), () => strange(`checksum ${JSON.stringify(checksum)}`));
      ensure(Number.isSafeInteger(info.size) && info.size >= 0, () => strange(`size ${info.size}`));
      const blob = blobPath(session.cache, repo, checksum);
      const isCached = (await isThere(blob)) || (await isThere(snapshotPath(session.cache, repo, commit, file.path)));
      const partial = await stat(`${blob}.incomplete`).catch(() => undefined);
      const present = isCached ? info.size : Math.min(partial?.size ?? 0, info.size);
      return { ...file, commit, size: info.size, checksum, present, isCached };
    }),
  );
}
