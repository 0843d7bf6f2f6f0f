import { byteCount } from '../../src/weights/safetensors/header.js';
import type { StoredType } from '../../src/weights/storedType.js';
import type { TensorSource } from '../../src/weights/tensorSource.js';

/** Names and shapes without a file; reading gives the name's bytes, so that a test sees which tensor was asked for. */
export function memorySource(
  shapes: Iterable<readonly [string, readonly number[]]>,
  dtype: StoredType = 'F32',
): TensorSource {
  const tensors = new Map(shapes);
  const name = (wanted: string) => new TextEncoder().encode(wanted);
  return {
    label: 'memory',
    files: [],
    metadata: new Map(),
    names: () => [...tensors.keys()],
    has: (wanted) => tensors.has(wanted),
    info: (wanted) => ({ dtype, shape: tensors.get(wanted)!, byteLength: byteCount(dtype, tensors.get(wanted)!)! }),
    read: async (wanted) => name(wanted),
    readRows: async (wanted) => name(wanted),
    close: async () => {},
  };
}
