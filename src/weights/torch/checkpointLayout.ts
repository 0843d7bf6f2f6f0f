import type { PickleValue } from './pickleValue.js';
import type { StorageTable } from './storageTable.js';

/** The largest pickle that is read. Those of released checkpoints are below 1 MB: it grows by 200 bytes a tensor. */
export const MAX_PICKLE_BYTES = 2 ** 25;

/** A torch.save file, opened: what was pickled, and where its storages lie. */
export interface CheckpointLayout {
  readonly root: PickleValue;
  readonly storages: StorageTable;
  /** Where a storage begins in the file. Known only for storages that the pickle names. */
  readonly position: (key: string) => number | Promise<number>;
}
