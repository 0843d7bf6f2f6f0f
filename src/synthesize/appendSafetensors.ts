import type { TensorStream } from '../node/weights/streamSafetensors.js';
import { bytesOf } from '../weights/dtype.js';
import { encodeHeader } from '../weights/safetensors/encodeHeader.js';
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
