import { ensure, TokenTrimError } from '../../errors.js';
import type { ByteSource } from '../byteSource.js';
import { quote } from '../quote.js';
import { type CheckpointLayout, itemBytes, MAX_PICKLE_BYTES, StorageTable } from './checkpointLayout.js';
import type { PickleValue } from './pickleValue.js';
import { type PickleContext, unpickle } from './unpickle.js';

const MAGIC_NUMBER = 0x1950a86a20f9469cfc6cn;
const PROTOCOL_VERSION = 1001;
/** Before each storage: its number of elements. */
const COUNT_BYTES = 8;

const ADVICE = 'The file is cut short or damaged: download it again.';

/**
 * The format before torch 1.6: five pickles (magic number, protocol, machine, what was saved, keys of the storages),
 * then every storage, in the order of the keys, after its number of elements.
 * Source: pytorch/pytorch `torch/serialization.py _legacy_save`.
 */
export async function openLegacyLayout(source: ByteSource): Promise<CheckpointLayout> {
  const { label, size } = source;
  const bytes = await source.read(0, Math.min(size, MAX_PICKLE_BYTES));
  const storages = new StorageTable();
  let end = 0;
  const next = (context: Partial<PickleContext> = {}): PickleValue => {
    const pickle = unpickle(bytes, end, { label, storage: () => null, ...context });
    end = pickle.end;
    return pickle.value;
  };
  const [magic, protocol, machine] = [next(), next(), next()];
  ensure(
    magic === MAGIC_NUMBER && protocol === PROTOCOL_VERSION,
    `${label}: expected a torch.save file of protocol ${PROTOCOL_VERSION}, found another. ${ADVICE}`,
  );
  ensure(
    machine instanceof Map && machine.get('little_endian') === true,
    `${label}: expected values in little-endian byte order, found another: save the file again on a PC or a Mac.`,
  );
  const root = next({ storage: (id) => storages.find(id) });
  const positions = await locate(next(), source, { start: end, storages });
  return {
    root,
    storages,
    position: (key) => {
      const position = positions.get(key);
      if (position === undefined) throw new TokenTrimError(`${label}: there is no storage ${quote(key)}. ${ADVICE}`);
      return position;
    },
  };
}

/** Walks over the storages from one count to the next. */
async function locate(
  keys: PickleValue,
  source: ByteSource,
  { start, storages }: { start: number; storages: StorageTable },
): Promise<Map<string, number>> {
  const { label, size } = source;
  ensure(Array.isArray(keys), `${label}: expected the list of storages, found something else. ${ADVICE}`);
  const positions = new Map<string, number>();
  let position = start;
  for (const key of keys) {
    const storage = storages.storages.get(String(key));
    ensure(
      storage && !positions.has(storage.key),
      () => `${label}: expected each storage once, found ${quote(String(key))} more often or unused. ${ADVICE}`,
    );
    const end = position + COUNT_BYTES + storage.byteLength;
    ensure(
      end <= size,
      `${label}: storage ${quote(storage.key)} should end at byte ${end}, but the file ends at ${size}. ${ADVICE}`,
    );
    const count = new DataView((await source.read(position, COUNT_BYTES)).buffer).getBigInt64(0, true);
    ensure(
      Number(count) * itemBytes(storage.type) === storage.byteLength,
      `${label}: storage ${quote(storage.key)} should have ${storage.byteLength} bytes, but holds ${count} elements. ${ADVICE}`,
    );
    positions.set(storage.key, position + COUNT_BYTES);
    position = end;
  }
  const missing = [...storages.storages.keys()].find((key) => !positions.has(key));
  ensure(missing === undefined, () => `${label}: there is no storage ${quote(missing)}. ${ADVICE}`);
  return positions;
}
