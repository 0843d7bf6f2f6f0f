import { open, rename, rm } from 'node:fs/promises';
import { ensure, TokenTrimError } from '../errors.js';
import { bytesOf, isReadable, type ReadableDType } from './dtype.js';
import { quote } from './quote.js';
import { byteCount, MAX_HEADER_BYTES } from './safetensorsHeader.js';

/** A tensor to write: `data` holds its elements, row-major, in the machine's (little-endian) byte order. */
export interface TensorData {
  readonly dtype: ReadableDType;
  readonly shape: readonly number[];
  readonly data: ArrayBufferView;
}

/**
 * Writes a safetensors file: under a temporary name beside `path`, then renamed, so that `path` never holds half a file.
 * Wide dtypes come first and the header is padded with spaces, so that every tensor is aligned to its element size.
 *
 * @throws TokenTrimError when a tensor's data does not fit its shape or the file cannot be written
 */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, TensorData>,
  metadata?: Readonly<Record<string, string>> | ReadonlyMap<string, string>,
): Promise<void> {
  const inOrder = [...tensors].sort(([, left], [, right]) => bytesOf(right.dtype) - bytesOf(left.dtype));
  const header = headerBytes(path, inOrder, metadata);
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const file = await open(temporary, 'w');
    try {
      await file.writeFile(header);
      for (const [, { data }] of inOrder) {
        await file.writeFile(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      }
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => {});
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new TokenTrimError(`${path}: could not be written (${code}). Choose a folder that exists and is writable.`, {
      cause,
    });
  }
}

function headerBytes(
  path: string,
  tensors: readonly [string, TensorData][],
  metadata?: Readonly<Record<string, string>> | ReadonlyMap<string, string>,
): Uint8Array {
  const fields: [string, unknown][] = [];
  if (metadata) fields.push(['__metadata__', metadata instanceof Map ? Object.fromEntries(metadata) : metadata]);
  let begin = 0;
  for (const [name, { dtype, shape, data }] of tensors) {
    const at = `${path}: tensor ${quote(name)}`;
    ensure(name !== '__metadata__', `${at}: this name is reserved by the format; rename the tensor.`);
    ensure(isReadable(dtype), `${at}: ${quote(dtype)} cannot be written.`);
    ensure(
      shape.every((size) => Number.isSafeInteger(size) && size >= 0) && byteCount(dtype, shape) === data.byteLength,
      `${at}: ${dtype} [${shape.join(', ')}] does not fit its ${data.byteLength} bytes of data.`,
    );
    fields.push([name, { dtype, shape, data_offsets: [begin, begin + data.byteLength] }]);
    begin += data.byteLength;
  }
  // Written by hand around JSON.stringify: an object would put names that look like numbers first.
  const text = `{${fields.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`;
  const json = new TextEncoder().encode(text);
  ensure(json.length <= MAX_HEADER_BYTES - 8, `${path}: ${tensors.length} tensors do not fit a safetensors header.`);
  const length = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(json, 8);
  return bytes;
}
