import { ensure } from '../../errors.js';
import { quote } from '../quote.js';
import { isReadable, type ReadableType } from '../storedType.js';
import { byteCount, MAX_HEADER_BYTES } from './header.js';

/** What a header says of a tensor that is to be written. */
export interface HeaderEntry {
  readonly name: string;
  readonly dtype: ReadableType;
  readonly shape: readonly number[];
  readonly byteLength: number;
}

/** The `__metadata__` of a file: strings by name. */
export type Metadata = Readonly<Record<string, string>> | ReadonlyMap<string, string>;

/**
 * The first bytes of a safetensors file whose data holds `entries` one after the other: the header's length and the
 * header, padded with spaces to a multiple of 8.
 *
 * @throws TokenTrimError when an entry's size does not fit its shape, or the header would be too long
 */
export function encodeHeader(path: string, entries: readonly HeaderEntry[], metadata?: Metadata): Uint8Array {
  const fields: [string, unknown][] = [];
  if (metadata) fields.push(['__metadata__', metadata instanceof Map ? Object.fromEntries(metadata) : metadata]);
  let begin = 0;
  for (const { name, dtype, shape, byteLength } of entries) {
    const at = `${path}: tensor ${quote(name)}`;
    ensure(name !== '__metadata__', `${at}: this name is reserved by the format; rename the tensor.`);
    ensure(isReadable(dtype), `${at}: ${quote(dtype)} cannot be written.`);
    ensure(
      shape.every((size) => Number.isSafeInteger(size) && size >= 0) && byteCount(dtype, shape) === byteLength,
      `${at}: ${dtype} [${shape.join(', ')}] does not fit its ${byteLength} bytes of data.`,
    );
    fields.push([name, { dtype, shape, data_offsets: [begin, begin + byteLength] }]);
    begin += byteLength;
  }
  // Written by hand around JSON.stringify: an object would put names that look like numbers first.
  const text = `{${fields.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`;
  const json = new TextEncoder().encode(text);
  ensure(json.length <= MAX_HEADER_BYTES - 8, `${path}: ${entries.length} tensors do not fit a safetensors header.`);
  const length = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(json, 8);
  return bytes;
}
