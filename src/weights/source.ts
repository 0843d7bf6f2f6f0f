import { readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { ensure, TokenTrimError } from '../errors.js';
import { quoteSome } from './quote.js';
import { openSafetensors } from './safetensors.js';
import { openShards } from './shards.js';
import type { TensorSource } from './tensorSource.js';

export type { TensorInfo, TensorSource } from './tensorSource.js';

const INDEX_SUFFIX = '.safetensors.index.json';

/**
 * Opens weights by path: a `.safetensors` file, a `*.safetensors.index.json` with its shards, or a folder that holds
 * one of the two (as the folders of a diffusers model do).
 *
 * @throws TokenTrimError when there is nothing of the kind, or it is malformed
 */
export async function openTensorSource(path: string): Promise<TensorSource> {
  if (await isFolder(path)) return openTensorSource(await weightsIn(path));
  if (path.endsWith(INDEX_SUFFIX)) return openShards(path);
  refuseTorchFile(path);
  ensure(
    extname(path) === '.safetensors',
    `${path}: expected a .safetensors file, a ${INDEX_SUFFIX.slice(1)} or a folder with one of them.`,
  );
  return openSafetensors(path);
}

/** Throws the explanation for a PyTorch pickle file, which this release does not read. */
export function refuseTorchFile(path: string): void {
  if (!['.pt', '.pth', '.bin', '.ckpt'].includes(extname(path).toLowerCase())) return;
  throw new TokenTrimError(
    `${path}: this release reads safetensors only; a later one will read PyTorch files. Convert it where PyTorch is:\n` +
      '  import torch; from safetensors.torch import save_file\n' +
      `  weights = torch.load(${JSON.stringify(path)}, map_location="cpu", weights_only=True)\n` +
      '  weights = weights.get("generator_ema", weights.get("generator", weights))\n' +
      '  save_file({name: tensor.clone().contiguous() for name, tensor in weights.items()}, "converted.safetensors")',
  );
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (cause) {
    throw new TokenTrimError(`${path}: could not be opened (${(cause as NodeJS.ErrnoException).code}).`, { cause });
  }
}

async function weightsIn(folder: string): Promise<string> {
  const files = (await readdir(folder)).sort();
  const indexes = files.filter((file) => file.endsWith(INDEX_SUFFIX));
  const single = files.filter((file) => file.endsWith('.safetensors'));
  const found = indexes.length > 0 ? indexes : single;
  ensure(
    found.length > 0,
    () =>
      `${folder}: expected a .safetensors file or a ${INDEX_SUFFIX.slice(1)} in this folder, found ${quoteSome(files) || 'nothing'}.`,
  );
  ensure(
    found.length === 1,
    () => `${folder}: expected one set of weights in this folder, found ${quoteSome(found)}. Name the file itself.`,
  );
  return join(folder, found[0]);
}
