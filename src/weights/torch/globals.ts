import { quote } from '../quote.js';
import type { StoredType } from '../storedType.js';
import {
  ElementType,
  Opaque,
  type PickleDict,
  type PickleValue,
  Rebuilder,
  refuse,
  StorageType,
} from './pickleValue.js';
import { rebuildParameter, rebuildTensor, rebuildTensorOfType } from './rebuildTensor.js';

// Names of storages: pytorch/pytorch `torch/storage.py _dtype_to_storage_type_map`.
const STORAGES: Readonly<Record<string, StoredType>> = {
  DoubleStorage: 'F64',
  FloatStorage: 'F32',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
  ComplexFloatStorage: 'C64',
};

const DTYPES: Readonly<Record<string, StoredType>> = {
  float64: 'F64',
  float32: 'F32',
  float16: 'F16',
  bfloat16: 'BF16',
  int64: 'I64',
  int32: 'I32',
  int16: 'I16',
  int8: 'I8',
  uint64: 'U64',
  uint32: 'U32',
  uint16: 'U16',
  uint8: 'U8',
  bool: 'BOOL',
  complex64: 'C64',
  float8_e4m3fn: 'F8_E4M3',
  float8_e5m2: 'F8_E5M2',
  float8_e4m3fnuz: 'F8_E4M3FNUZ',
  float8_e5m2fnuz: 'F8_E5M2FNUZ',
  float8_e8m0fnu: 'F8_E8M0',
};

/** What trainers put beside the tensors; the values are not needed. */
const IGNORED_CALLS = [
  'torch Size',
  'torch device',
  'builtins set',
  'builtins frozenset',
  'builtins bytearray',
  'builtins complex',
  '__builtin__ set',
  '__builtin__ frozenset',
  '__builtin__ bytearray',
  '__builtin__ complex',
  '_codecs encode',
];

/** Classes that `_rebuild_from_type_v2` names. */
const TENSOR_TYPES = [
  'torch Tensor',
  'torch._tensor Tensor',
  'torch.nn.parameter Parameter',
  'torch.nn.parameter Buffer',
];

const GLOBALS: ReadonlyMap<string, PickleValue> = new Map<string, PickleValue>([
  ['collections OrderedDict', new Rebuilder('collections.OrderedDict', orderedDict)],
  ['torch._utils _rebuild_tensor', new Rebuilder('_rebuild_tensor', rebuildTensor)],
  ['torch._utils _rebuild_tensor_v2', new Rebuilder('_rebuild_tensor_v2', rebuildTensor)],
  ['torch._utils _rebuild_tensor_v3', new Rebuilder('_rebuild_tensor_v3', rebuildTensor)],
  ['torch._utils _rebuild_parameter', new Rebuilder('_rebuild_parameter', rebuildParameter)],
  ['torch._utils _rebuild_parameter_with_state', new Rebuilder('_rebuild_parameter_with_state', rebuildParameter)],
  ['torch._tensor _rebuild_from_type_v2', new Rebuilder('_rebuild_from_type_v2', rebuildTensorOfType)],
  ['torch.storage UntypedStorage', new StorageType(undefined)],
  ['torch UntypedStorage', new StorageType(undefined)],
  ...Object.entries(STORAGES).flatMap(([name, dtype]): [string, PickleValue][] => {
    const type = new StorageType(dtype);
    return [
      [`torch ${name}`, type],
      [`torch.cuda ${name}`, type],
    ];
  }),
  ...Object.entries(DTYPES).map(([name, dtype]): [string, PickleValue] => [`torch ${name}`, new ElementType(dtype)]),
  ...TENSOR_TYPES.map((name): [string, PickleValue] => [name, new Opaque(name)]),
  ...IGNORED_CALLS.map((name): [string, PickleValue] => [name, new Rebuilder(name, () => new Opaque(name))]),
]);

/** The value that stands for a Python object, of those that files of tensors need. Refuses for all others. */
export function findGlobal(module: string, name: string): PickleValue {
  const found = GLOBALS.get(`${module} ${name}`);
  if (found === undefined) refuse(`asks for ${quote(`${module}.${name}`)}, which tensors do not need`);
  return found;
}

function orderedDict(args: readonly PickleValue[]): PickleDict {
  if (args.length > 0) refuse('builds an OrderedDict of a list, as Python 2 did: save it again with Python 3');
  return new Map();
}
