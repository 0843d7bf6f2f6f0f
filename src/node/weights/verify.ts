import { stat } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { countNonFinite, type NonFinite } from '../../weights/finite.js';
import { bitsOf, isReadable } from '../../weights/storedType.js';
import type { TensorInfo, TensorSource } from '../../weights/tensorSource.js';
import { SIGNATURE_BYTES, torchFormat } from '../../weights/torch/torchFile.js';
import { ZipRecords } from '../../weights/torch/zipRecords.js';
import { openFileBytes } from '../files/fileBytes.js';
import { readZipDirectory } from '../files/zipDirectory.js';
import { openTensorSource } from '../model/openTensorSource.js';

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

/** How the records of a PyTorch zip file compare with their checksums. */
export interface CheckedRecords {
  /** How many records carry a checksum. */
  readonly checked: number;
  /** Names of those whose data has another. */
  readonly wrong: readonly string[];
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
  const whole = await openTensorSource(path);
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

/**
 * Compares the CRC-32 of every record of a PyTorch zip file with the one in its directory; undefined for any other file.
 * torch.save can leave checksums out (`set_crc32_options(False)`): a file with none at all has nothing to compare.
 */
async function checkRecords(path: string, onBytes: (bytes: number) => void): Promise<CheckedRecords | undefined> {
  if (!(await stat(path)).isFile()) return undefined;
  const file = await openFileBytes(path);
  try {
    if (torchFormat(await file.read(0, Math.min(file.size, SIGNATURE_BYTES))) !== 'zip') return undefined;
    const records = await ZipRecords.open(file, readZipDirectory);
    const named = records.names().filter((name) => records.byteLength(name) > 0);
    if (named.every((name) => records.checksum(name) === 0)) return { checked: 0, wrong: [] };
    const wrong: string[] = [];
    for (const name of named) {
      const start = await records.position(name);
      const length = records.byteLength(name);
      let crc = 0;
      for (let done = 0; done < length; done += PIECE_BYTES) {
        const piece = await file.read(start + done, Math.min(PIECE_BYTES, length - done));
        crc = crc32(piece, crc);
        onBytes(piece.length);
      }
      if (crc !== records.checksum(name)) wrong.push(name);
    }
    return { checked: named.length, wrong };
  } finally {
    await file.close();
  }
}
