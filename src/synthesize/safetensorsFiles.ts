import { basename } from 'node:path';
import type { TensorStream } from '../node/weights/writeSafetensors.js';
import { encodeHeader } from '../weights/safetensors/encodeHeader.js';
import { bytesOf } from '../weights/storedType.js';
import type { Like } from './models.js';
import type { StreamedFile } from './streamedFile.js';

/** Writes a whole safetensors file; wide dtypes come first, so that every tensor is aligned to its element size. */
export async function appendSafetensors(
  file: StreamedFile,
  path: string,
  tensors: readonly TensorStream[],
): Promise<void> {
  const inOrder = [...tensors].sort((left, right) => bytesOf(right.dtype) - bytesOf(left.dtype));
  await file.append(encodeHeader(path, inOrder, { format: 'pt' }));
  for (const tensor of inOrder) {
    for await (const piece of tensor.pieces()) await file.append(piece);
  }
}

/** Most bytes of tensors in a shard: as published, and small enough for the toy's transformer to need two. */
const SHARD_BYTES: Record<Like, number> = { 'wan2.1-1.3b': 5e9, toy: 2e6 };

/**
 * Tensors by the file they go to: as many a file as fit, in order, and the file's own name where one is enough.
 * Source: huggingface/huggingface_hub `serialization/_base.py split_state_dict_into_shards_factory`.
 */
export function shardsOf(
  path: string,
  tensors: readonly TensorStream[],
  like: Like,
): Map<string, readonly TensorStream[]> {
  const shards: TensorStream[][] = [];
  let room = 0;
  for (const tensor of tensors) {
    room -= tensor.byteLength;
    if (room < 0) {
      shards.push([]);
      room = SHARD_BYTES[like] - tensor.byteLength;
    }
    shards[shards.length - 1].push(tensor);
  }
  if (shards.length === 1) return new Map([[path, tensors]]);
  const number = (count: number) => String(count).padStart(5, '0');
  return new Map(
    shards.map((shard, index) => [
      path.replace(/\.safetensors$/, `-${number(index + 1)}-of-${number(shards.length)}.safetensors`),
      shard,
    ]),
  );
}

/** The index that lies beside shards. */
export function indexOf(shards: ReadonlyMap<string, readonly TensorStream[]>): unknown {
  const entries = Array.from(shards, ([path, tensors]) => tensors.map(({ name }) => [name, basename(path)] as const));
  const total = [...shards.values()].flat().reduce((sum, { byteLength }) => sum + byteLength, 0);
  return { metadata: { total_size: total }, weight_map: Object.fromEntries(entries.flat()) };
}
