import type { ReadableDType } from '../../weights/dtype.js';
import type { Metadata } from '../../weights/safetensors/encodeHeader.js';
import { streamSafetensors } from './streamSafetensors.js';

/** A tensor to write: `data` holds its elements, row-major, in the machine's (little-endian) byte order. */
export interface TensorData {
  readonly dtype: ReadableDType;
  readonly shape: readonly number[];
  readonly data: ArrayBufferView;
}

/**
 * Writes tensors that are in memory as a safetensors file; see {@link streamSafetensors} for how.
 *
 * @throws TokenTrimError when a tensor's data does not fit its shape or the file cannot be written
 */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, TensorData>,
  metadata?: Metadata,
): Promise<void> {
  const streams = [...tensors].map(([name, { dtype, shape, data }]) => ({
    name,
    dtype,
    shape,
    byteLength: data.byteLength,
    pieces: () => [new Uint8Array(data.buffer, data.byteOffset, data.byteLength)],
  }));
  await streamSafetensors(path, streams, { metadata });
}
