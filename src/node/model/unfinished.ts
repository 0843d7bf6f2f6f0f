import { stat } from 'node:fs/promises';
import { TokenTrimError } from '../../errors.js';

/** What downloaders call a file that they have not finished, or put beside it until they have. */
const PARTIAL = /\.(?:incomplete|part|partial|crdownload|opdownload|download|!qB|!ut|aria2|tmp)$/i;
const BESIDE = ['.aria2', '.part', '.crdownload', '.incomplete', '.!qB'] as const;

/**
 * Refuses a file whose download has not ended, by its name or by what lies beside it: such a file may have its whole
 * size already, with zeros for what has not arrived.
 */
export async function refuseUnfinished(path: string): Promise<void> {
  if (PARTIAL.test(path)) {
    throw new TokenTrimError(
      `${path}: by its name this is an unfinished download. Let it finish, or rename it if it has.`,
    );
  }
  for (const ending of BESIDE) {
    const found = await stat(path + ending).catch(() => undefined);
    if (!found?.isFile()) continue;
    throw new TokenTrimError(
      `${path}: its download has not ended: ${path}${ending} lies beside it. Let it finish, or remove that file if it has.`,
    );
  }
}
