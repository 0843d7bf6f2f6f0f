import type { Sheet, TensorRef } from '../../../src/trace/format.js';
import { readTensor } from './readTensor.js';
import type { Files } from './run.js';

/** Sheets and files that are kept decoded: a screen of blocks, and those beside it. */
const KEPT = 160;

/** Tensors and pictures out of files that are got by their name, the latest of them kept. */
export function byteFiles(read: (file: string) => Promise<Uint8Array>): Files {
  const images = remembered((file) =>
    read(file).then((bytes) => createImageBitmap(new Blob([bytes as Uint8Array<ArrayBuffer>]))),
  );
  const tensors = remembered(read);
  return {
    image: ({ file }: Sheet) => images(file),
    tensor: async ({ file, name }: TensorRef) => readTensor(await tensors(file), name, file),
  };
}

/** Asks once for what is asked for again; what failed is forgotten, and may be there the next time. */
export function remembered<Value>(get: (key: string) => Promise<Value>, most = KEPT): (key: string) => Promise<Value> {
  const kept = new Map<string, Promise<Value>>();
  return (key) => {
    const known = kept.get(key);
    const value = known ?? get(key);
    kept.delete(key);
    kept.set(key, value); // the latest is the last to go
    if (!known) value.catch(() => kept.delete(key));
    if (kept.size > most) kept.delete(kept.keys().next().value as string);
    return value;
  };
}
