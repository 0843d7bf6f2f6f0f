import { readdir, stat } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { ensure, TokenTrimError } from '../../errors.js';
import { examineWeights, type OpenedWeights } from '../../models/wan/checkpoint/openedWeights.js';
import { openTensors } from '../../weights/openTensors.js';
import { quoteSome } from '../../weights/quote.js';
import { openShards } from '../../weights/safetensors/shards.js';
import type { TensorSource } from '../../weights/tensorSource.js';
import { openFileBytes } from '../files/fileBytes.js';
import { isAbsent } from '../files/plainFile.js';
import { readZipDirectory } from '../files/zipDirectory.js';
import { readIndexText } from './listWeights.js';

export type { TensorSource } from '../../weights/tensorSource.js';

const INDEX_SUFFIX = '.safetensors.index.json';
const TORCH_SUFFIXES: readonly string[] = ['.pt', '.pth', '.bin', '.ckpt'];

/**
 * Opens weights by path: a safetensors file, a PyTorch file, a `*.safetensors.index.json` with its shards, or a folder
 * that holds one of them (as the folders of a diffusers model do). What a file is, its first bytes tell, not its name.
 *
 * @throws TokenTrimError when there is nothing of the kind, or it is malformed
 */
export async function openTensorSource(path: string): Promise<TensorSource> {
  if (await isFolder(path)) return openTensorSource(await weightsIn(path));
  if (path.endsWith(INDEX_SUFFIX)) return openIndex(path);
  await refuseUnfinished(path);
  return openTensors(await openFileBytes(path), readZipDirectory);
}

/**
 * Opens weights of any kind and finds out what they are.
 *
 * @param section of a training checkpoint; by default its averaged weights
 */
export async function openWeights(path: string, section?: string): Promise<OpenedWeights> {
  const whole = await openTensorSource(path);
  try {
    return examineWeights(whole, section);
  } catch (error) {
    await whole.close();
    throw error;
  }
}

async function openIndex(path: string): Promise<TensorSource> {
  return openShards(await readIndexText(path), path, async (shard) => {
    try {
      return await openFileBytes(join(dirname(path), shard));
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  });
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (cause) {
    throw new TokenTrimError(`${path}: could not be opened (${(cause as NodeJS.ErrnoException).code}).`, { cause });
  }
}

/** The one set of weights in a folder; safetensors before PyTorch files, which often hold the same weights again. */
async function weightsIn(folder: string): Promise<string> {
  const files = (await readdir(folder)).sort();
  const kinds = [
    files.filter((file) => file.endsWith(INDEX_SUFFIX)),
    files.filter((file) => file.endsWith('.safetensors')),
    files.filter((file) => TORCH_SUFFIXES.includes(extname(file).toLowerCase())),
  ];
  const found = kinds.find((kind) => kind.length > 0) ?? [];
  ensure(
    found.length > 0,
    () =>
      `${folder}: expected a .safetensors file, a ${INDEX_SUFFIX.slice(1)} or a PyTorch file (${TORCH_SUFFIXES.join(', ')}) ` +
      `in this folder, found ${quoteSome(files) || 'nothing'}.`,
  );
  ensure(
    found.length === 1,
    () => `${folder}: expected one set of weights in this folder, found ${quoteSome(found)}. Name the file itself.`,
  );
  return join(folder, found[0]);
}

/** What downloaders call a file that they have not finished, or put beside it until they have. */
const PARTIAL = /\.(?:incomplete|part|partial|crdownload|opdownload|download|!qB|!ut|aria2|tmp)$/i;
const BESIDE = ['.aria2', '.part', '.crdownload', '.incomplete', '.!qB'] as const;

/**
 * Refuses a file whose download has not ended, by its name or by what lies beside it: such a file may have its whole
 * size already, with zeros for what has not arrived.
 */
async function refuseUnfinished(path: string): Promise<void> {
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
