import { type Entry, fromRandomAccessReaderPromise, RandomAccessReader, type ZipFile } from 'yauzl';
import { ensure, TokenTrimError } from '../../errors.js';
import type { ByteSource } from '../byteSource.js';
import { quote } from '../quote.js';

/** Released checkpoints have up to 2 500. */
const MAX_RECORDS = 65_536;
/** Read at once from the directory at the end of the file. */
const DIRECTORY_WINDOW_BYTES = 2 ** 18;
/** Read at once from where a record begins: its header and its name. */
const HEADER_WINDOW_BYTES = 2 ** 9;
/** A local header without its variable fields. */
const LOCAL_HEADER_BYTES = 30;

const ADVICE = 'The file is cut short or damaged: download it again.';

/** The records of a zip archive that stores them uncompressed, as torch.save does: each is a range of the file. */
export class ZipRecords {
  private constructor(
    private readonly zip: ZipFile,
    private readonly entries: ReadonlyMap<string, Entry>,
    private readonly label: string,
  ) {}

  /** Reads the directory of the archive. */
  static async open(bytes: ByteSource): Promise<ZipRecords> {
    const { label, size } = bytes;
    try {
      const reader = new SourceReader(bytes);
      const zip = await fromRandomAccessReaderPromise(reader, size, { autoClose: false });
      ensure(
        zip.entryCount <= MAX_RECORDS,
        `${label}: expected at most ${MAX_RECORDS} records in the zip archive, found ${zip.entryCount}. ${ADVICE}`,
      );
      const entries = new Map<string, Entry>();
      for await (const entry of zip.eachEntry()) {
        ensure(
          !entries.has(entry.fileName),
          () => `${label}: the zip archive has two records called ${quote(entry.fileName)}. ${ADVICE}`,
        );
        entries.set(entry.fileName, entry);
      }
      reader.windowBytes = HEADER_WINDOW_BYTES;
      checkRanges([...entries.values()], size, label);
      return new ZipRecords(zip, entries, label);
    } catch (cause) {
      throw explained(cause, label);
    }
  }

  names(): string[] {
    return [...this.entries.keys()];
  }

  has(name: string): boolean {
    return this.entries.has(name);
  }

  byteLength(name: string): number {
    return this.#stored(name).uncompressedSize;
  }

  /** CRC-32 of a record's data, as the directory gives it. */
  checksum(name: string): number {
    return this.#stored(name).crc32;
  }

  /** Where the data of a record begins in the file. */
  async position(name: string): Promise<number> {
    const entry = this.#stored(name);
    try {
      const header = await this.zip.readLocalFileHeaderPromise(entry);
      ensure(
        header.compressionMethod === 0 && header.fileName.equals(entry.fileNameRaw),
        () => `${this.label}: the zip directory does not fit the record ${quote(name)}. ${ADVICE}`,
      );
      return header.fileDataStart;
    } catch (cause) {
      throw explained(cause, this.label);
    }
  }

  #stored(name: string): Entry {
    const entry = this.entries.get(name);
    ensure(entry, () => `${this.label}: the zip archive has no record ${quote(name)}. ${ADVICE}`);
    ensure(
      entry.compressionMethod === 0 && !entry.isEncrypted(),
      () =>
        `${this.label}: the record ${quote(name)} is compressed or encrypted; torch.save stores records as they are. ` +
        'Unpack the archive and pack it again with "zip -0 -r", or save it again with torch.save.',
    );
    return entry;
  }
}

/** Records that lie over each other, or past the end, are how small files pretend to be large ones. */
function checkRanges(entries: readonly Entry[], fileBytes: number, label: string): void {
  const inOrder = [...entries].sort(
    (left, right) => left.relativeOffsetOfLocalHeader - right.relativeOffsetOfLocalHeader,
  );
  inOrder.forEach((entry, index) => {
    const end = entry.relativeOffsetOfLocalHeader + LOCAL_HEADER_BYTES + entry.fileNameLength + entry.compressedSize;
    const next = inOrder[index + 1]?.relativeOffsetOfLocalHeader ?? fileBytes;
    ensure(
      end <= next,
      () =>
        `${label}: the record ${quote(entry.fileName)} ends at byte ${end}, but ${
          next === fileBytes ? 'the file' : 'the next record'
        } is at ${next}. ${ADVICE}`,
    );
  });
}

/** Reads for yauzl, never past the end, and the directory in large pieces. */
class SourceReader extends RandomAccessReader {
  windowBytes = DIRECTORY_WINDOW_BYTES;
  #windowStart = 0;
  #window: Uint8Array = new Uint8Array(0);

  constructor(private readonly source: ByteSource) {
    super();
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    this.#bytes(position, length).then(
      (bytes) => {
        buffer.set(bytes, offset);
        callback(null);
      },
      (error: Error) => callback(error),
    );
  }

  async #bytes(position: number, length: number): Promise<Uint8Array> {
    const { label, size } = this.source;
    ensure(
      Number.isSafeInteger(position) && position + length <= size,
      `${label}: the zip directory points to byte ${position}, past the end at ${size}. ${ADVICE}`,
    );
    if (position < this.#windowStart || position + length > this.#windowStart + this.#window.length) {
      const ahead = Math.min(Math.max(length, this.windowBytes), size - position);
      this.#window = await this.source.read(position, ahead);
      this.#windowStart = position;
    }
    return this.#window.subarray(position - this.#windowStart, position - this.#windowStart + length);
  }
}

function explained(cause: unknown, label: string): TokenTrimError {
  if (cause instanceof TokenTrimError) return cause;
  const reason = quote(cause instanceof Error ? cause.message.split('. ')[0] : cause);
  return new TokenTrimError(`${label}: expected the zip archive of a torch.save file, found ${reason}. ${ADVICE}`, {
    cause,
  });
}
