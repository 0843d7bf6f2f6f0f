import { open, rename, rm, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { TokenTrimError } from '../../errors.js';
import type { StopSignal } from '../../options/stopSignal.js';
import { formatBytes } from '../../weights/quote.js';
import { encodeHeader, type HeaderEntry, type Metadata } from '../../weights/safetensors/encodeHeader.js';
import { bytesOf, type ReadableType } from '../../weights/storedType.js';
import type { OutputFile } from '../files/outputFile.js';
import { unwritable } from '../files/writeProblem.js';

/**
 * A tensor to write, whose data comes in pieces: row-major, little-endian, `byteLength` bytes in all. A piece must stay
 * as it is until the one after the next is asked for.
 */
export interface TensorStream extends HeaderEntry {
  pieces(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

export interface StreamOptions {
  readonly metadata?: Metadata;
  /** Told how many bytes of data are written so far. */
  readonly onProgress?: (doneBytes: number, name: string) => void;
  /** Ends the writing between two pieces; what was written is removed. */
  readonly signal?: StopSignal;
  /** A claimed output to write to; by default a file of its own, renamed to `path`. */
  readonly output?: OutputFile;
}

/** Where the bytes go until they are whole. */
type Target = Pick<OutputFile, 'write' | 'finish' | 'giveUp'>;

/**
 * Writes a safetensors file piece by piece: under another name beside `path`, flushed to the disk, then renamed, so
 * that `path` never holds half a file. Wide dtypes come first, so that every tensor is aligned to its element size.
 *
 * @returns the size of the file in bytes
 * @throws TokenTrimError when the disk has no room, a tensor's data does not fit its shape, or the file cannot be written
 */
export async function streamSafetensors(
  path: string,
  tensors: readonly TensorStream[],
  { metadata, onProgress, signal, output }: StreamOptions = {},
): Promise<number> {
  const inOrder = [...tensors].sort((left, right) => bytesOf(right.dtype) - bytesOf(left.dtype));
  const header = encodeHeader(path, inOrder, metadata);
  const total = inOrder.reduce((sum, { byteLength }) => sum + byteLength, header.length);
  await ensureRoom(path, total);
  const file: Target = output ?? (await openBeside(path));
  try {
    await file.write(header, 0);
    let done = 0;
    for (const tensor of inOrder) {
      done = await writeTensor(file, path, tensor, { header: header.length, done }, { onProgress, signal });
    }
    signal?.throwIfAborted();
    await file.finish();
    return total;
  } catch (cause) {
    await file.giveUp();
    throw signal?.aborted ? signal.reason : explain(path, cause);
  }
}

/** A file that takes the place of `path` when it is finished: whoever is the last to finish it, of several, wins. */
async function openBeside(path: string): Promise<Target> {
  const temporary = `${path}.${process.pid}.tmp`;
  const file = await open(temporary, 'w').catch((cause: unknown) => {
    throw explain(path, cause);
  });
  return {
    async write(bytes, position) {
      for (let done = 0; done < bytes.length; ) {
        done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
      }
    },
    async finish() {
      await file.sync();
      await file.close();
      await rename(temporary, path);
      return path;
    },
    async giveUp() {
      await file.close().catch(() => undefined); // it may be closed
      await rm(temporary, { force: true }).catch(() => undefined);
      return undefined;
    },
  };
}

async function writeTensor(
  file: Target,
  path: string,
  tensor: TensorStream,
  { header, done: before }: { header: number; done: number },
  { onProgress, signal }: StreamOptions,
): Promise<number> {
  let done = before;
  let pending: Promise<void> | undefined; // the next piece is made while this one is written
  for await (const piece of tensor.pieces()) {
    await pending;
    signal?.throwIfAborted();
    pending = file.write(piece, header + done);
    pending.catch(() => {}); // awaited above or below; closing the file waits for it in any case
    done += piece.length;
    onProgress?.(done, tensor.name);
  }
  await pending;
  if (done - before !== tensor.byteLength) {
    throw new TokenTrimError(`${path}: ${tensor.name} came with ${done - before} bytes, not ${tensor.byteLength}.`);
  }
  return done;
}

/** Says before the first byte that a disk is too small; where the system does not tell, the writing will. */
async function ensureRoom(path: string, bytes: number): Promise<void> {
  const disk = await statfs(dirname(path)).catch(() => undefined);
  if (!disk || disk.bavail * disk.bsize >= bytes) return;
  throw new TokenTrimError(
    `${path}: the file takes ${formatBytes(bytes)}, but its disk has ${formatBytes(disk.bavail * disk.bsize)} free. ` +
      'Make room, choose another disk, or write a narrower dtype.',
    { cause: Object.assign(new Error('no room'), { code: 'ENOSPC' }) },
  );
}

function explain(path: string, cause: unknown): unknown {
  const { code } = cause as NodeJS.ErrnoException;
  if (cause instanceof TokenTrimError || code === undefined) return cause;
  const advice = code === 'ENOSPC' ? 'Make room on the disk.' : 'Choose a folder that exists and is writable.';
  return unwritable(path, cause, advice);
}

/** A tensor to write: `data` holds its elements, row-major, in the machine's (little-endian) byte order. */
export interface TensorData {
  readonly dtype: ReadableType;
  readonly shape: readonly number[];
  readonly data: ArrayBufferView;
}

/**
 * Writes tensors that are in memory as a safetensors file; see {@link streamSafetensors} for how.
 *
 * @throws TokenTrimError when a tensor's data does not fit its shape or the file cannot be written
 */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, TensorData>,
  metadata?: Metadata,
): Promise<void> {
  const streams = [...tensors].map(([name, { dtype, shape, data }]) => ({
    name,
    dtype,
    shape,
    byteLength: data.byteLength,
    pieces: () => [new Uint8Array(data.buffer, data.byteOffset, data.byteLength)],
  }));
  await streamSafetensors(path, streams, { metadata });
}
