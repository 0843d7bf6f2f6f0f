import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat } from 'node:fs/promises';
import * as z from 'zod';
import { TokenTrimError } from '../../errors.js';

/** The first bytes of an output, which an earlier run wrote and this one keeps. */
export interface Beginning {
  readonly bytes: number;
  readonly sha256: string;
}

/** @internal */
export const beginningSchema = z.strictObject({
  bytes: z.int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

/** What a run was to go on from is gone, too short, or another's. Nothing was changed. */
export class LostOutputError extends TokenTrimError {
  override name = 'LostOutputError';

  constructor(path: string) {
    super(
      `Cannot go on with ${path}: what an earlier run left of it is gone, cut short or was changed. Begin it again, or bring the file back.`,
    );
  }
}

/** @internal A file that begins as it should. */
export interface EarlierOutput {
  readonly path: string;
  readonly bytes: number;
  /** SHA-256 of these bytes, to which more can be added. */
  readonly hash: Hash;
}

/** @internal The first of some files that begins with the bytes that are wanted; one with a second name (a hard link) is left alone. */
export async function findEarlier(
  places: readonly string[],
  { bytes, sha256 }: Beginning,
): Promise<EarlierOutput | undefined> {
  for (const path of places) {
    const found = await lstat(path).catch(() => undefined);
    if (!found?.isFile() || found.nlink > 1 || found.size < bytes) continue;
    const hash = createHash('sha256');
    if (bytes > 0) for await (const piece of createReadStream(path, { end: bytes - 1 })) hash.update(piece);
    if (hash.copy().digest('hex') === sha256) return { path, bytes, hash };
  }
  return undefined;
}
