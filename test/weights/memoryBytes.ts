import { ensure } from '../../src/errors.js';
import type { ByteSource } from '../../src/weights/byteSource.js';

/** Bytes in memory, as a page has them; `closed` counts how often they were closed. */
export interface MemoryBytes extends ByteSource {
  readonly closed: number;
}

export function memoryBytes(label: string, bytes: Uint8Array): MemoryBytes {
  let closed = 0;
  return {
    label,
    size: bytes.length,
    async read(position, byteLength) {
      ensure(closed === 0, `${label}: it was closed before byte ${position} was read.`);
      ensure(position + byteLength <= bytes.length, `${label}: it ended before byte ${position + byteLength}.`);
      return Uint8Array.from(bytes.subarray(position, position + byteLength));
    },
    async close() {
      closed += 1;
    },
    get closed() {
      return closed;
    },
  };
}
