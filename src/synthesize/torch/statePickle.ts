import { ensure } from '../../errors.js';
import type { TensorStream } from '../../node/weights/writeSafetensors.js';
import { PickleWriter } from './pickleWriter.js';

/** What a torch file holds: a state dictionary, or several under names, as in a training checkpoint. */
export type TorchContents = readonly TensorStream[] | ReadonlyMap<string, readonly TensorStream[]>;

const STORAGES: Readonly<Record<string, string>> = {
  F64: 'DoubleStorage',
  F32: 'FloatStorage',
  F16: 'HalfStorage',
  BF16: 'BFloat16Storage',
  I64: 'LongStorage',
  U8: 'ByteStorage',
};

/** All tensors, in the order in which their storages are numbered. */
export function tensorsOf(contents: TorchContents): TensorStream[] {
  return Array.isArray(contents) ? contents : [...contents.values()].flat();
}

/**
 * The `data.pkl` of a torch file: ordered dictionaries of tensors, each with a storage of its own.
 * Source: pytorch/pytorch `torch/_tensor.py Tensor.__reduce_ex__`, `torch/serialization.py persistent_id`.
 */
export function statePickle(contents: TorchContents): Buffer {
  const pickle = new PickleWriter();
  let storage = 0;
  const dictionary = (tensors: readonly TensorStream[]) => {
    pickle.orderedDictionary().setItems(() => {
      for (const tensor of tensors) {
        pickle.string(tensor.name);
        addTensor(pickle, tensor, storage++);
      }
    });
  };
  if (Array.isArray(contents)) dictionary(contents);
  else {
    pickle.emptyDictionary().setItems(() => {
      for (const [name, tensors] of contents as ReadonlyMap<string, readonly TensorStream[]>) {
        pickle.string(name);
        dictionary(tensors);
      }
    });
  }
  return pickle.finish();
}

function addTensor(pickle: PickleWriter, { name, dtype, shape }: TensorStream, storage: number): void {
  const storageType = STORAGES[dtype];
  ensure(storageType, `${name}: ${dtype} cannot be written to a torch file: use F32, F16 or BF16.`);
  const count = shape.reduce((product, size) => product * size, 1);
  pickle.global('torch._utils', '_rebuild_tensor_v2').tuple(() => {
    pickle
      .tuple(() =>
        pickle.string('storage').global('torch', storageType).string(`${storage}`).string('cpu').integer(count),
      )
      .persistent()
      .integer(0) // where in its storage the tensor begins
      .tuple(() => shape.forEach((size) => void pickle.integer(size)))
      .tuple(() => strides(shape).forEach((stride) => void pickle.integer(stride)))
      .false() // requires no gradient
      .orderedDictionary(); // has no hooks
  });
  pickle.call();
}

function strides(shape: readonly number[]): number[] {
  return shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
}
