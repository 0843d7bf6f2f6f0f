import { readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { ensure, TokenTrimError } from '../../errors.js';
import type { ByteSource } from '../../weights/byteSource.js';
import { FOREIGN_BYTES, refuseForeign } from '../../weights/foreignFile.js';
import { quote, quoteSome } from '../../weights/quote.js';
import { beginsAsSafetensors } from '../../weights/safetensors/header.js';
import { openShards } from '../../weights/safetensors/shards.js';
import { openSafetensors } from '../../weights/safetensors/tensorFile.js';
import type { TensorSource } from '../../weights/tensorSource.js';
import { openTorchFile, torchFormat } from '../../weights/torch/openTorchFile.js';
import { openFileBytes } from '../files/fileBytes.js';
import { refuseUnfinished } from './unfinished.js';

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
  if (path.endsWith(INDEX_SUFFIX)) return openShards(path);
  await refuseUnfinished(path);
  const bytes = await openFileBytes(path);
  const start = await firstBytes(bytes);
  if (torchFormat(start)) return openTorchFile(bytes);
  // Its own reader says best what is wrong with a file that is called safetensors.
  if (beginsAsSafetensors(start) || extname(path) === '.safetensors') return openSafetensors(bytes);
  await bytes.close();
  refuseForeign(path, 'a file of weights', start, bytes.size);
  throw new TokenTrimError(
    `${path}: expected a safetensors file, a PyTorch file of torch.save, a ${INDEX_SUFFIX.slice(1)} or a folder with one ` +
      `of them, found ${start.length === 0 ? 'an empty file' : `a file that begins with ${quote(textOf(start))}`}. ` +
      'Download the file again.',
  );
}

async function firstBytes(bytes: ByteSource): Promise<Uint8Array> {
  try {
    return await bytes.read(0, Math.min(bytes.size, FOREIGN_BYTES));
  } catch (error) {
    await bytes.close();
    throw error;
  }
}

/** Bytes as a text that `quote` can show: most files that are no weights are web pages or notes. */
function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(0, 16)).toString('latin1');
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
