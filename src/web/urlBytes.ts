import { ensure, TokenTrimError } from '../errors.js';
import type { ByteSource } from '../weights/byteSource.js';
import { formatBytes } from '../weights/quote.js';
import { BlobBytes } from './blobBytes.js';

/** What the first request asks for. It is all of a small file, and of a large one the header and the first tensors. */
const FIRST_BYTES = 8 * 2 ** 20;

/**
 * The bytes at an address. A server that answers to range requests is asked for each range when it is needed; of one that
 * does not, the file is fetched once as a whole, which the browser may keep on its disk.
 *
 * @param address absolute, or relative to the page or worker that asks
 * @throws TokenTrimError where the address cannot be reached, or holds no file
 */
export async function openUrlBytes(address: string | URL): Promise<ByteSource> {
  const label = String(address);
  const first = await request(label, `bytes=0-${FIRST_BYTES - 1}`);
  const size = sizeIn(first);
  // A server of another origin need not let pages see the header that says how large the file is.
  if (size === undefined) return new BlobBytes(await wholeOf(label, first), label);
  const beginning = await bytesOf(first, label);
  expectLength(beginning, Math.min(size, FIRST_BYTES), label);
  return new UrlBytes(label, size, beginning);
}

/** A file on a server that sends ranges. Make one with {@link openUrlBytes}. */
class UrlBytes implements ByteSource {
  #beginning: Uint8Array | undefined;

  constructor(
    readonly label: string,
    readonly size: number,
    beginning: Uint8Array,
  ) {
    this.#beginning = beginning;
  }

  async read(position: number, byteLength: number): Promise<Uint8Array> {
    const { label, size } = this;
    ensure(this.#beginning, () => `${label}: it was read after it was closed.`);
    const end = position + byteLength;
    ensure(end <= size, () => `${label}: it ends at byte ${size}, and bytes up to ${end} were expected.`);
    if (end <= this.#beginning.length) return this.#beginning.slice(position, end);
    const response = await request(label, `bytes=${position}-${end - 1}`);
    ensure(sizeIn(response) === size, () => `${label}: the file on the server has changed while it was read.`);
    const bytes = await bytesOf(response, label);
    expectLength(bytes, byteLength, label);
    return bytes;
  }

  async close(): Promise<void> {
    this.#beginning = undefined;
  }
}

async function request(label: string, range?: string): Promise<Response> {
  const response = await fetch(label, range ? { headers: { Range: range } } : {}).catch((cause: Error) => {
    throw unreachable(label, cause);
  });
  if (response.status === 416) return request(label); // nothing to take a range of: an empty file
  ensure(
    response.ok,
    () => `${label}: expected a file, the server says ${`${response.status} ${response.statusText}`.trim()}.`,
  );
  return response;
}

/** The size of the file that a response holds a range of; undefined for a whole file, or where the header is kept back. */
function sizeIn(response: Response): number | undefined {
  const size = response.status === 206 ? /\/(\d+)$/.exec(response.headers.get('Content-Range') ?? '')?.[1] : undefined;
  return size === undefined ? undefined : Number(size);
}

/** A whole file: the response itself, or another where it is a range of unknown size. */
async function wholeOf(label: string, first: Response): Promise<Blob> {
  const response = first.status === 206 ? await request(label) : first;
  const told = Number(response.headers.get('Content-Length') ?? 0);
  return response.blob().catch((cause: Error) => {
    const size = told > 0 ? ` of ${formatBytes(told)}` : '';
    throw new TokenTrimError(
      `${label}: the server sends no ranges, and the whole file${size} could not be fetched (${cause.message}). Check the ` +
        'connection, or use a server that answers to range requests.',
      { cause },
    );
  });
}

async function bytesOf(response: Response, label: string): Promise<Uint8Array> {
  const buffer = await response.arrayBuffer().catch((cause: Error) => {
    throw unreachable(label, cause);
  });
  return new Uint8Array(buffer);
}

function expectLength(bytes: Uint8Array, expected: number, label: string): void {
  ensure(
    bytes.length === expected,
    () => `${label}: the server sent ${bytes.length} bytes where ${expected} were asked for.`,
  );
}

function unreachable(label: string, cause: Error): TokenTrimError {
  return new TokenTrimError(
    `${label} could not be fetched (${cause.message}). Check the address and the connection; a server of another origin ` +
      'must also allow it (CORS).',
    { cause },
  );
}
