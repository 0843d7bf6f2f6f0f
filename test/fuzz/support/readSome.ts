import type { TensorSource } from '../../../src/weights/tensorSource.js';

/** Tensors that are read of a file, and bytes of one: what is asked for is not held against the parser. */
const MOST_TENSORS = 20;
const MOST_BYTES = 2 ** 20;

/** Reads tensors of an opened file, whole and by rows, and closes it. */
export async function readSome(source: TensorSource): Promise<void> {
  try {
    for (const name of source.names().slice(0, MOST_TENSORS)) {
      const { shape, byteLength } = source.info(name);
      if (byteLength > MOST_BYTES) continue;
      const bytes = await source.read(name);
      if (bytes.length !== byteLength)
        throw new Error(`${name} has ${byteLength} bytes, and ${bytes.length} were read`);
      if (shape.length > 0 && shape[0] > 0) await source.readRows(name, shape[0] - 1, 1);
    }
  } finally {
    await source.close();
  }
}
