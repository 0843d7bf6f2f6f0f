import type { TensorSource } from './tensorSource.js';

/** How much of a model is read ahead while what was read is narrowed and uploaded. */
export const READ_AHEAD_BYTES = 128 * 2 ** 20;

/** A source that reads on while what it has read is being used. */
export interface ReadAhead {
  readonly source: TensorSource;
  /** Drops what was read in vain; the source itself stays open. */
  stop(): void;
}

/**
 * After each `read`, reads the tensors that come next in `order` until `maxBytes` of them wait, as the file stores them.
 * Nothing is read before the first `read`, so a device that needs no values causes none to be read.
 * @param order names in the order in which they will be asked for; others are read when they are asked for
 */
export function readAhead(source: TensorSource, order: readonly string[], maxBytes: number): ReadAhead {
  const waiting = new Map<string, Promise<Uint8Array>>();
  let next = 0;
  let waitingBytes = 0;

  const readOn = () => {
    for (; next < order.length; next++) {
      const { byteLength } = source.info(order[next]);
      if (waitingBytes > 0 && waitingBytes + byteLength > maxBytes) return;
      const bytes = source.read(order[next]);
      bytes.catch(() => {}); // thrown by the `read` that asks for it
      waiting.set(order[next], bytes);
      waitingBytes += byteLength;
    }
  };
  const read = (name: string) => {
    const found = waiting.get(name);
    if (found) {
      waiting.delete(name);
      waitingBytes -= source.info(name).byteLength;
    } else next = Math.max(next, order.indexOf(name) + 1);
    const bytes = found ?? source.read(name);
    readOn();
    return bytes;
  };

  return {
    source: {
      label: source.label,
      files: source.files,
      metadata: source.metadata,
      names: () => source.names(),
      has: (name) => source.has(name),
      info: (name) => source.info(name),
      readRows: (name, firstRow, rowCount) => source.readRows(name, firstRow, rowCount),
      close: () => source.close(),
      read,
    },
    stop() {
      next = order.length;
      waiting.clear();
    },
  };
}
