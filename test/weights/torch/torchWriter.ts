import { writeFile } from 'node:fs/promises';
import { bytesOp, call, global, type Pickled, persistent, pickle, Raw, tuple } from './pickleWriter.js';
import { writeZip, type ZipRecord } from './zipWriter.js';

/** The storage types of torch and their element sizes in bytes. */
export const STORAGES = {
  F64: ['DoubleStorage', 8],
  F32: ['FloatStorage', 4],
  F16: ['HalfStorage', 2],
  BF16: ['BFloat16Storage', 2],
  I64: ['LongStorage', 8],
  I32: ['IntStorage', 4],
  I16: ['ShortStorage', 2],
  I8: ['CharStorage', 1],
  U8: ['ByteStorage', 1],
  BOOL: ['BoolStorage', 1],
} as const;
export type StorageDType = keyof typeof STORAGES;

export interface Storage {
  readonly key: string;
  readonly dtype: StorageDType;
  readonly bytes: Uint8Array;
  readonly location?: string;
}

/** A persistent id as torch.save writes it; `fields` come after the number of elements. */
export function storageOf({ key, dtype, bytes, location = 'cpu' }: Storage, ...fields: Pickled[]): Raw {
  const [type, size] = STORAGES[dtype];
  return persistent(tuple('storage', global(`torch ${type}`), key, location, bytes.length / size, ...fields));
}

export interface View {
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

export function tensorOf(storage: Storage | Raw, { offset, shape, strides }: View): Raw {
  const on = storage instanceof Raw ? storage : storageOf(storage);
  const hooks = call('collections OrderedDict');
  return call('torch._utils _rebuild_tensor_v2', on, offset, tuple(...shape), tuple(...strides), false, hooks);
}

/** A row-major view of a whole storage. */
export function dense(storage: Storage, shape: readonly number[]): Raw {
  return tensorOf(storage, { offset: 0, shape, strides: rowMajor(shape) });
}

function rowMajor(shape: readonly number[]): number[] {
  return shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
}

export const float32 = (key: string, ...values: number[]): Storage => ({
  key,
  dtype: 'F32',
  bytes: new Uint8Array(Float32Array.from(values).buffer),
});

export interface ZipOptions {
  readonly protocol?: number;
  readonly folder?: string;
  readonly zip64?: boolean;
  readonly more?: readonly ZipRecord[];
}

export async function writeTorchZip(
  path: string,
  root: Pickled | Buffer,
  storages: readonly Storage[],
  { protocol = 2, folder = 'archive', zip64, more = [] }: ZipOptions = {},
): Promise<void> {
  const data = Buffer.isBuffer(root) ? root : pickle(root, protocol);
  await writeZip(
    path,
    [
      { name: `${folder}/data.pkl`, data },
      ...storages.map(({ key, bytes }) => ({ name: `${folder}/data/${key}`, data: bytes })),
      { name: `${folder}/version`, data: Buffer.from('3\n') },
      ...more,
    ],
    { zip64 },
  );
}

/** The bytes of a file in the format before torch 1.6. */
export function legacyFile(
  root: Pickled,
  storages: readonly Storage[],
  { protocol = 2, littleEndian = true }: { protocol?: number; littleEndian?: boolean } = {},
): Buffer {
  const magic = bytesOp(0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19);
  const machine = new Map<Pickled, Pickled>([
    ['protocol_version', 1001],
    ['little_endian', littleEndian],
    ['type_sizes', new Map([['short', 2]])],
  ]);
  const keys = storages.map(({ key }) => key);
  const pickles = [magic, 1001, machine, root, keys].map((value) => pickle(value, protocol));
  const data = storages.flatMap(({ dtype, bytes }) => {
    const count = Buffer.alloc(8);
    count.writeBigInt64LE(BigInt(bytes.length / STORAGES[dtype][1]));
    return [count, bytes];
  });
  return Buffer.concat([...pickles, ...data]);
}

export async function writeLegacy(
  path: string,
  root: Pickled,
  storages: readonly Storage[],
  options?: Parameters<typeof legacyFile>[2],
): Promise<void> {
  await writeFile(path, legacyFile(root, storages, options));
}
