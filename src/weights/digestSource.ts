import { bitsOf } from './storedType.js';
import type { TensorSource } from './tensorSource.js';

/** The whole of sources up to this size is read, which takes a tenth of a second. */
const WHOLE_BYTES = 64 * 2 ** 20;

/** How much of a sampled tensor is read at each of its ends. */
const SAMPLE_BYTES = 64 * 1024;

/** How many tensors are sampled, evenly spaced. */
const SAMPLED_TENSORS = 32;

/**
 * What weights are, wherever and in whatever format they lie: SHA-256 over names, types and shapes of all tensors and
 * over their values; of sources of more than 64 MiB over the beginning and the end of 32 tensors, 4 MB at most. Two large
 * checkpoints that differ only elsewhere are taken for one; no training or conversion leaves so much as it was.
 */
export async function digestSource(source: TensorSource, wholeBytes = WHOLE_BYTES): Promise<string> {
  const names = source.names().sort();
  const infos = names.map((name) => ({ name, ...source.info(name) }));
  const total = infos.reduce((bytes, { byteLength }) => bytes + byteLength, 0);
  const isWhole = total <= wholeBytes;
  const step = isWhole ? 1 : Math.max(1, names.length / SAMPLED_TENSORS);
  const sampleBytes = isWhole ? Number.POSITIVE_INFINITY : SAMPLE_BYTES;
  const pieces = [await sha256(JSON.stringify(infos.map(({ name, dtype, shape }) => [name, dtype, shape])))];
  for (let index = 0; index < names.length; index += step) {
    const { name, dtype, shape } = infos[Math.floor(index)];
    const [rows = 1, ...rest] = shape;
    const rowBytes = (rest.reduce((product, size) => product * size, 1) * bitsOf(dtype)) / 8;
    if (rows === 0 || rowBytes === 0) continue;
    const count = Math.min(rows, Math.max(1, Math.floor(sampleBytes / rowBytes)));
    if (shape.length === 0 || count === rows) {
      pieces.push(await sha256(await source.read(name)));
      continue;
    }
    pieces.push(await sha256(await source.readRows(name, 0, count)));
    pieces.push(await sha256(await source.readRows(name, rows - count, count)));
  }
  return sha256(pieces.join());
}

/** SHA-256 in hexadecimal digits. */
export async function sha256(data: string | Uint8Array): Promise<string> {
  const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : Uint8Array.from(data);
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
