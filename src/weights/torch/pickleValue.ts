import type { StoredType } from '../storedType.js';

/** Python's dict. A Map, so that a key called "__proto__" is an ordinary key. */
export interface PickleDict extends Map<PickleValue, PickleValue> {}

/** What a pickle of tensors can hold. Tuples, lists and sets are all arrays: nothing here depends on the difference. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleValue[]
  | PickleDict
  | Rebuilder
  | StorageType
  | ElementType
  | StoragePart
  | StridedTensor
  | Opaque;

/** A function that a pickle may call: this program's own, under the name of the Python function that it stands for. */
export class Rebuilder {
  constructor(
    readonly name: string,
    /** Throws a plain string that says what is wrong with the arguments. */
    readonly rebuild: (args: readonly PickleValue[]) => PickleValue,
  ) {}
}

/** `torch.FloatStorage` and the like; without a dtype it is `torch.UntypedStorage`, which counts bytes. */
export class StorageType {
  constructor(readonly dtype: StoredType | undefined) {}
}

/** `torch.float32` and the like. */
export class ElementType {
  constructor(readonly dtype: StoredType) {}
}

/** A storage, or a part of one: `byteLength` bytes from `begin` on. */
export class StoragePart {
  constructor(
    readonly key: string,
    readonly type: StorageType,
    readonly begin: number,
    readonly byteLength: number,
  ) {}
}

/** A tensor over a storage. Offset and strides count elements; all are checked to stay inside the storage. */
export class StridedTensor {
  constructor(
    readonly storage: StoragePart,
    readonly dtype: StoredType,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
    readonly offset: number,
    /** Size of the values in row-major order, which is more than the storage where strides are 0. */
    readonly byteLength: number,
  ) {}
}

/** A value that is recognised and of no use here, such as a `torch.device`. */
export class Opaque {
  constructor(readonly name: string) {}
}

/** What is wrong with a pickle, as the end of a sentence about it; `unpickle` says which file and what to do. */
export class PickleProblem extends Error {}

export function refuse(problem: string): never {
  throw new PickleProblem(problem);
}
