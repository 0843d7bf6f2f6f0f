import { stat } from 'node:fs/promises';
import { bitsOf, isReadable } from '../../weights/dtype.js';
import { countNonFinite, type NonFinite } from '../../weights/finite.js';
import type { TensorInfo, TensorSource } from '../../weights/tensorSource.js';
import { openWeights } from '../model/openWeights.js';
import { type CheckedRecords, checkRecords } from './verifyRecords.js';

/** Bytes of a tensor that are looked at together. */
const PIECE_BYTES = 8 * 2 ** 20;

/** A tensor with values that no computation survives. */
export interface NonFiniteTensor extends Omit<NonFinite, 'first'> {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Index of the first of them along each axis. */
  readonly first: readonly number[];
}

/** What reading every byte of a set of weights showed. */
export interface Verification {
  readonly tensors: number;
  /** Size of the tensors. */
  readonly bytes: number;
  readonly nonFinite: readonly NonFiniteTensor[];
  /** Of a PyTorch zip file: its records' checksums. */
  readonly records?: CheckedRecords;
}

/** Told how much of how much was read. */
export type VerifyProgress = (doneBytes: number, totalBytes: number) => void;

/** True where nothing wrong was found. */
export function isSound({ nonFinite, records }: Verification): boolean {
  return nonFinite.length === 0 && (records?.wrong.length ?? 0) === 0;
}

/**
 * Reads all of a set of weights in pieces of some megabytes: counts NaN and infinity in every tensor, and compares the
 * checksums of the records of a PyTorch zip file.
 *
 * @throws TokenTrimError where the file cannot be read
 */
export async function verifyWeights(path: string, onProgress: VerifyProgress = () => {}): Promise<Verification> {
  const { whole } = await openWeights(path);
  try {
    const names = whole.names().filter((name) => isReadable(whole.info(name).dtype));
    const bytes = names.reduce((sum, name) => sum + whole.info(name).byteLength, 0);
    // A zip file is read twice: as records, and as tensors, which may share records and lie in them in any order.
    const total = bytes + (path.endsWith('.index.json') ? 0 : (await stat(path)).size);
    let done = 0;
    const onBytes = (count: number) => {
      done = Math.min(done + count, total);
      onProgress(done, total);
    };
    const records = await checkRecords(path, onBytes);
    if (!records) done = total - bytes;
    const nonFinite: NonFiniteTensor[] = [];
    for (const name of names) {
      const found = await verifyTensor(whole, name, onBytes);
      if (found) nonFinite.push(found);
    }
    return { tensors: names.length, bytes, nonFinite, ...(records ? { records } : {}) };
  } finally {
    await whole.close();
  }
}

async function verifyTensor(
  source: TensorSource,
  name: string,
  onBytes: (bytes: number) => void,
): Promise<NonFiniteTensor | undefined> {
  const info = source.info(name);
  const { dtype, shape } = info;
  let [nan, infinite, first, done] = [0, 0, -1, 0];
  for await (const piece of pieces(source, name, info)) {
    const found = countNonFinite(piece, dtype);
    if (found && first < 0) first = done + found.first;
    nan += found?.nan ?? 0;
    infinite += found?.infinite ?? 0;
    done += (piece.length * 8) / bitsOf(dtype);
    onBytes(piece.length);
  }
  return first < 0 ? undefined : { name, dtype, shape, nan, infinite, first: indexOf(first, shape) };
}

/** A tensor's data, a piece of whole rows at a time. */
async function* pieces(source: TensorSource, name: string, { shape, byteLength }: TensorInfo) {
  const [rows = 0] = shape;
  if (rows <= 1 || byteLength <= PIECE_BYTES) {
    yield await source.read(name);
    return;
  }
  const rowsAtOnce = Math.max(1, Math.floor((PIECE_BYTES * rows) / byteLength));
  for (let row = 0; row < rows; row += rowsAtOnce) {
    yield await source.readRows(name, row, Math.min(rowsAtOnce, rows - row));
  }
}

/** Place of an element of a row-major tensor along each axis. */
function indexOf(element: number, shape: readonly number[]): number[] {
  let rest = element;
  return shape
    .toReversed()
    .map((size) => {
      const index = rest % size;
      rest = Math.floor(rest / size);
      return index;
    })
    .reverse();
}
