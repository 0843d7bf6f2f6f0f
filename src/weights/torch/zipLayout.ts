import { ensure } from '../../errors.js';
import type { ByteSource } from '../byteSource.js';
import { quote, quoteSome } from '../quote.js';
import { type CheckpointLayout, itemBytes, MAX_PICKLE_BYTES, StorageTable } from './checkpointLayout.js';
import { unpickle } from './unpickle.js';
import { type ZipReader, ZipRecords } from './zipRecords.js';

/**
 * The format of torch 1.6 and later: a zip archive with `<any name>/data.pkl`, and `<name>/data/<key>` for each storage.
 * Source: pytorch/pytorch `torch/serialization.py _save` and `caffe2/serialize/inline_container.cc`.
 */
export async function openZipLayout(bytes: ByteSource, readZip: ZipReader): Promise<CheckpointLayout> {
  const { label } = bytes;
  const records = await ZipRecords.open(bytes, readZip);
  refuseOtherZip(records.names(), label);
  const pickles = records.names().filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  ensure(
    pickles.length === 1,
    () =>
      `${label}: expected the zip archive of a torch.save file, with one data.pkl in it, found ${
        quoteSome(pickles.length > 0 ? pickles : records.names()) || 'no records'
      }.`,
  );
  const read = async (name: string) => bytes.read(await records.position(name), records.byteLength(name));
  const folder = pickles[0].slice(0, -'data.pkl'.length);
  await checkByteOrder(records, `${folder}byteorder`, read, label);
  const length = records.byteLength(pickles[0]);
  ensure(
    length <= MAX_PICKLE_BYTES,
    `${label}: expected a pickle of at most ${MAX_PICKLE_BYTES} bytes, found ${length}: save the tensors alone.`,
  );
  const storages = new StorageTable();
  const { value } = unpickle(await read(pickles[0]), 0, { label, storage: (id) => storages.find(id) });
  const recordOf = (key: string) => `${folder}data/${key}`;
  for (const { key, type, byteLength } of storages.storages.values()) {
    const found = records.byteLength(recordOf(key));
    ensure(
      found - (found % itemBytes(type)) === byteLength,
      () =>
        `${label}: storage ${quote(key)} should have ${byteLength} bytes, but its record has ${found}. ` +
        'The file is cut short or damaged: download it again.',
    );
  }
  return { root: value, storages, position: (key) => records.position(recordOf(key)) };
}

/** Zip archives of other kinds, by what they hold. */
const OTHER_ZIPS: readonly [record: RegExp, what: string, advice: string][] = [
  [
    /(?:^|\/)(?:constants\.pkl|code\/.*\.py)$/,
    'a TorchScript program (torch.jit.save)',
    'Save its weights alone: torch.save(model.state_dict(), path).',
  ],
  [/\.npy$/, 'a NumPy archive (.npz)', 'Use the safetensors or PyTorch file of the same model.'],
  [/\.h5$/, 'a Keras model', 'Use the safetensors or PyTorch file of the same model.'],
  [
    /\.(?:safetensors|pth?|bin|ckpt|gguf)$/i,
    'a zip archive with weights in it',
    'Unpack it, and give the weight file that is in it.',
  ],
  [/^\[Content_Types\]\.xml$/, 'a document', 'Give weights here.'],
];

function refuseOtherZip(names: readonly string[], label: string): void {
  for (const [record, what, advice] of OTHER_ZIPS) {
    const found = names.find((name) => record.test(name));
    ensure(!found, () => `${label}: expected a file of weights, found ${what}: it holds ${quote(found)}. ${advice}`);
  }
}

async function checkByteOrder(
  records: ZipRecords,
  name: string,
  read: (name: string) => Promise<Uint8Array>,
  label: string,
): Promise<void> {
  if (!records.has(name)) return; // torch 1.x writes none, and ran on little-endian machines
  const order = records.byteLength(name) <= 16 ? new TextDecoder().decode(await read(name)) : 'a long text';
  ensure(
    order.trim() === 'little',
    `${label}: expected values in little-endian byte order, found ${quote(order)}: save the file again on a PC or a Mac.`,
  );
}
