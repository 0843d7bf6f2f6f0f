import { byteCount } from '../safetensors/header.js';
import { bitsOf } from '../storedType.js';
import { ElementType, type PickleValue, Rebuilder, refuse, StoragePart, StridedTensor } from './pickleValue.js';

/** As many axes as PyTorch allows. */
const MAX_AXES = 64;
/** `_rebuild_tensor_v3` has 8 arguments. A longer list would be walked over at each of a million calls. */
const MAX_ARGUMENTS = 8;
/** What a tensor that repeats its elements (stride 0) may take once they are written out. */
const MAX_EXPANDED_BYTES = 2 ** 26;

/**
 * `_rebuild_tensor`, `_v2` and `_v3`: (storage, offset, size, stride, requires_grad, hooks, dtype (v3) or metadata, …).
 * Refuses where the tensor leaves its storage. Source: pytorch/pytorch `torch/_utils.py`.
 */
export function rebuildTensor(args: readonly PickleValue[]): StridedTensor {
  if (args.length > MAX_ARGUMENTS) refuse(`builds a tensor with ${args.length} arguments`);
  const [storage, offset, shape, strides, , , ...rest] = args;
  if (!(storage instanceof StoragePart)) refuse('builds a tensor on something that is no storage');
  const type = rest[0] instanceof ElementType ? rest[0] : storage.type;
  if (type.dtype === undefined) refuse('builds a tensor of no dtype');
  if (rest.some(isReinterpreted))
    refuse('has a conjugated or negated tensor: call .resolve_conj().resolve_neg() before saving');
  if (!isCount(offset)) refuse(`has a tensor with offset ${describe(offset)}: expected a whole number from 0 up`);
  if (!isCounts(shape))
    refuse(`has a tensor with size ${describe(shape)}: expected up to ${MAX_AXES} whole numbers from 0 up`);
  if (!isCounts(strides) || strides.length !== shape.length) {
    refuse(
      `has a tensor with stride ${describe(strides)} for size ${describe(shape)}: expected as many whole numbers from 0 up`,
    );
  }
  const byteLength = byteCount(type.dtype, shape);
  if (byteLength === undefined) refuse(`has a tensor of size ${describe(shape)}, which is more than a file can hold`);
  // May pass 2^53 and then is rounded, but never to less than a storage has.
  const end = shape.reduce((last, size, axis) => last + (size - 1) * strides[axis], offset + 1);
  const endBytes = byteLength === 0 ? 0 : end * (bitsOf(type.dtype) / 8);
  if (endBytes > storage.byteLength) {
    refuse(
      `has a tensor that needs ${endBytes} bytes of a storage of ${storage.byteLength} (offset ${offset}, size ${describe(shape)}, stride ${describe(strides)})`,
    );
  }
  if (byteLength > Math.max(storage.byteLength, MAX_EXPANDED_BYTES)) {
    refuse(
      `has an expanded tensor of ${byteLength} bytes over ${storage.byteLength}: expected at most ${MAX_EXPANDED_BYTES}`,
    );
  }
  return new StridedTensor(storage, type.dtype, shape, strides, offset, byteLength);
}

/** `_rebuild_parameter`: (tensor, requires_grad, hooks, and with state the attributes). */
export function rebuildParameter([tensor]: readonly PickleValue[]): StridedTensor {
  if (!(tensor instanceof StridedTensor)) refuse('builds a parameter of something that is no tensor');
  return tensor;
}

/** `_rebuild_from_type_v2`: (function, class, its arguments, attributes), for tensors with attributes of their own. */
export function rebuildTensorOfType([inner, , args]: readonly PickleValue[]): StridedTensor {
  const isTensor = inner instanceof Rebuilder && [rebuildTensor, rebuildParameter].some((own) => own === inner.rebuild);
  if (!isTensor || !Array.isArray(args)) refuse('builds a tensor with a function that does not');
  return inner.rebuild(args) as StridedTensor;
}

/** Metadata {"conj": true} or {"neg": true}: the stored values are not those of the tensor. */
function isReinterpreted(value: PickleValue): boolean {
  return value instanceof Map && (value.get('conj') === true || value.get('neg') === true);
}

function isCount(value: PickleValue): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isCounts(value: PickleValue): value is number[] {
  return Array.isArray(value) && value.length <= MAX_AXES && value.every(isCount);
}

function describe(value: PickleValue): string {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value).slice(0, 40);
  if (!Array.isArray(value)) return 'that is none';
  const numbers = value.slice(0, 8).map((item) => (Array.isArray(item) ? '…' : describe(item)));
  return `(${numbers.join(', ')}${value.length > 8 ? ', …' : ''})`;
}
