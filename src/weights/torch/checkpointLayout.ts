import { quote } from '../quote.js';
import { bitsOf } from '../storedType.js';
import { type PickleValue, refuse, StoragePart, StorageType } from './pickleValue.js';

/** The largest pickle that is read. Those of released checkpoints are below 1 MB: it grows by 200 bytes a tensor. */
export const MAX_PICKLE_BYTES = 2 ** 25;

/** A torch.save file, opened: what was pickled, and where its storages lie. */
export interface CheckpointLayout {
  readonly root: PickleValue;
  readonly storages: StorageTable;
  /** Where a storage begins in the file. Known only for storages that the pickle names. */
  readonly position: (key: string) => number | Promise<number>;
}

/** The storages that a pickle names, by their key. */
export class StorageTable {
  readonly #storages = new Map<string, StoragePart>();

  get storages(): ReadonlyMap<string, StoragePart> {
    return this.#storages;
  }

  /**
   * A persistent id: ('storage', type, key, location, elements), in the legacy format with a sixth field that is None or
   * (view key, offset, elements). The location (cpu, cuda:0 …) does not matter here. Refuses for other ids.
   * Source: pytorch/pytorch `torch/serialization.py persistent_load`.
   */
  find(id: PickleValue): StoragePart {
    const [kind, type, key, , elements, view] = Array.isArray(id) ? id : [];
    if (kind !== 'storage' || !(type instanceof StorageType)) refuse('refers to an object outside that is no storage');
    // Old versions of torch.save numbered storages.
    if (typeof key !== 'string' && typeof key !== 'number') refuse('refers to a storage by something that is no text');
    const whole = this.#whole(String(key), type, elements);
    if (!Array.isArray(view)) return whole;
    const [, offset, count] = view;
    const [begin, byteLength] = [bytesOf(type, offset), bytesOf(type, count)];
    if (begin + byteLength > whole.byteLength) refuse(`has a view that leaves storage ${quote(key)}`);
    return new StoragePart(whole.key, type, begin, byteLength);
  }

  #whole(key: string, type: StorageType, elements: PickleValue): StoragePart {
    const byteLength = bytesOf(type, elements);
    const known = this.#storages.get(key);
    if (!known) {
      const storage = new StoragePart(key, type, 0, byteLength);
      this.#storages.set(key, storage);
      return storage;
    }
    if (known.type.dtype !== type.dtype || known.byteLength !== byteLength) {
      refuse(`describes storage ${quote(key)} in two ways`);
    }
    return known;
  }
}

/** Size of one element of a storage in bytes; an untyped one counts bytes. */
export function itemBytes({ dtype }: StorageType): number {
  return dtype === undefined ? 1 : bitsOf(dtype) / 8;
}

function bytesOf(type: StorageType, elements: PickleValue): number {
  const bytes = typeof elements === 'number' ? elements * itemBytes(type) : Number.NaN;
  if (!Number.isSafeInteger(bytes) || bytes < 0)
    refuse(`declares a storage of ${String(elements).slice(0, 40)} elements`);
  return bytes;
}
