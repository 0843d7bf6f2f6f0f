import { ensure, TokenTrimError } from '../../errors.js';
import { quote } from '../quote.js';
import { type PickleValue, StridedTensor } from './pickleValue.js';

/** Checkpoints of trainers nest five levels deep. */
const MAX_DEPTH = 64;
const MAX_TENSORS = 100_000;
const MAX_NAME_LENGTH = 1000;
/** Entries looked at; a dictionary under several names is looked at under each. */
const MAX_VISITS = 1_000_000;

const ADVICE = 'Save a plain dictionary of tensors: torch.save(model.state_dict(), path).';

export interface FlatTensors {
  /** By the keys that lead to them, joined by "/": the position in a list counts as a key. */
  readonly tensors: ReadonlyMap<string, StridedTensor>;
  /** Names of what holds no tensor: numbers, texts, whole dictionaries of them. */
  readonly ignored: readonly string[];
}

/** @throws TokenTrimError where names are too deep, too long, too many or ambiguous */
export function flatten(root: PickleValue, label: string): FlatTensors {
  const holdsTensors = tensorFinder(label);
  const tensors = new Map<string, StridedTensor>();
  const ignored: string[] = [];
  let visits = 0;
  const visit = (value: PickleValue, name: string): void => {
    if (value instanceof StridedTensor) {
      ensure(!tensors.has(name), () => `${label}: two tensors have the name ${quote(name)}. ${ADVICE}`);
      tensors.set(name, value);
      ensure(tensors.size <= MAX_TENSORS, `${label}: expected at most ${MAX_TENSORS} tensors, found more. ${ADVICE}`);
    } else if (holdsTensors(value, 0)) {
      for (const [key, item] of entriesOf(value)) {
        ensure(++visits <= MAX_VISITS, `${label}: holds more than ${MAX_VISITS} values. ${ADVICE}`);
        visit(item, nameBelow(name, key, label));
      }
    } else ignored.push(name);
  };
  // A file of one tensor has no key to name it by.
  visit(root, root instanceof StridedTensor ? 'tensor' : '');
  return { tensors, ignored };
}

/** Whether there is a tensor somewhere in a value; every container is looked through once, however often it is used. */
function tensorFinder(label: string): (value: PickleValue, depth: number) => boolean {
  const known = new Map<PickleValue, boolean>();
  const find = (value: PickleValue, depth: number): boolean => {
    if (value instanceof StridedTensor) return true;
    if (!Array.isArray(value) && !(value instanceof Map)) return false;
    const found = known.get(value);
    if (found !== undefined) return found;
    if (depth >= MAX_DEPTH) {
      throw new TokenTrimError(`${label}: nests more than ${MAX_DEPTH} levels deep, or holds itself. ${ADVICE}`);
    }
    let holds = false;
    for (const item of value.values()) holds = find(item, depth + 1) || holds;
    known.set(value, holds);
    return holds;
  };
  return find;
}

function entriesOf(value: PickleValue): Iterable<[PickleValue, PickleValue]> {
  return value instanceof Map || Array.isArray(value) ? value.entries() : [];
}

function nameBelow(name: string, key: PickleValue, label: string): string {
  ensure(
    typeof key === 'string' || typeof key === 'number' || typeof key === 'boolean' || typeof key === 'bigint',
    () => `${label}: expected texts or numbers as the names of tensors, found another key in ${quote(name)}. ${ADVICE}`,
  );
  const below = name === '' ? String(key) : `${name}/${key}`;
  ensure(
    below.length <= MAX_NAME_LENGTH,
    () => `${label}: the name ${quote(below)} is longer than ${MAX_NAME_LENGTH} characters. ${ADVICE}`,
  );
  return below;
}
