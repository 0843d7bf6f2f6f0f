import { createHash } from 'node:crypto';
import { bitsOf } from '../../weights/dtype.js';
import type { TensorSource } from '../../weights/tensorSource.js';

/** How much of a sampled tensor is read at each of its ends. */
const SAMPLE_BYTES = 64 * 1024;

/** How many tensors are sampled, evenly spaced; all where there are fewer. */
const SAMPLED_TENSORS = 32;

const known = new WeakMap<TensorSource, Promise<string>>();

/**
 * What weights are, wherever and in whatever format they lie: a hash over names, types and shapes of all tensors and over
 * the beginning and the end of some. Reads 4 MB at most, once a process. Two checkpoints that differ only in the middle of
 * their tensors, or in tensors that are not sampled, are taken for one; no training or conversion leaves so much as it was.
 */
export function weightsIdentity(source: TensorSource): Promise<string> {
  const found = known.get(source) ?? identify(source);
  known.set(source, found);
  return found;
}

async function identify(source: TensorSource): Promise<string> {
  const names = source.names().sort();
  const hash = createHash('sha256');
  for (const name of names) {
    const { dtype, shape } = source.info(name);
    hash.update(JSON.stringify([name, dtype, shape]));
  }
  const step = Math.max(1, names.length / SAMPLED_TENSORS);
  for (let index = 0; index < names.length; index += step) {
    const name = names[Math.floor(index)];
    const { dtype, shape } = source.info(name);
    const [rows = 0, ...rest] = shape;
    const rowBytes = (rest.reduce((product, size) => product * size, 1) * bitsOf(dtype)) / 8;
    if (rows === 0 || rowBytes === 0) continue;
    const count = Math.min(rows, Math.max(1, Math.floor(SAMPLE_BYTES / rowBytes)));
    hash.update(await source.readRows(name, 0, count));
    hash.update(await source.readRows(name, rows - count, count));
  }
  return hash.digest('hex');
}
