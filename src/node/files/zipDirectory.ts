import { type Entry, fromRandomAccessReaderPromise, RandomAccessReader, type ZipFile } from 'yauzl';
import { ensure } from '../../errors.js';
import type { ByteSource } from '../../weights/byteSource.js';
import type { ZipDirectory, ZipEntry } from '../../weights/torch/zipRecords.js';

/** Read at once from the directory at the end of the file. */
const DIRECTORY_WINDOW_BYTES = 2 ** 18;
/** Read at once from where an entry begins: its header and its name. */
const HEADER_WINDOW_BYTES = 2 ** 9;

/** Reads the directory of a zip archive by yauzl, which refuses names that lead out of a folder and much else. */
export async function readZipDirectory(archive: ByteSource): Promise<ZipDirectory> {
  const reader = new SourceReader(archive);
  const zip = await fromRandomAccessReaderPromise(reader, archive.size, { autoClose: false });
  return {
    entryCount: zip.entryCount,
    async *entries() {
      for await (const entry of zip.eachEntry()) yield entryOf(zip, entry);
      reader.windowBytes = HEADER_WINDOW_BYTES;
    },
  };
}

function entryOf(zip: ZipFile, entry: Entry): ZipEntry {
  return {
    name: entry.fileName,
    nameBytes: entry.fileNameLength,
    headerStart: entry.relativeOffsetOfLocalHeader,
    storedBytes: entry.compressedSize,
    bytes: entry.uncompressedSize,
    checksum: entry.crc32,
    isPlain: entry.compressionMethod === 0 && !entry.isEncrypted(),
    async dataStart() {
      const header = await zip.readLocalFileHeaderPromise(entry);
      const fits = header.compressionMethod === 0 && header.fileName.equals(entry.fileNameRaw);
      return fits ? header.fileDataStart : undefined;
    },
  };
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
      `${label}: the zip directory points to byte ${position}, past the end at ${size}. The file is cut short or damaged: ` +
        'download it again.',
    );
    if (position < this.#windowStart || position + length > this.#windowStart + this.#window.length) {
      const ahead = Math.min(Math.max(length, this.windowBytes), size - position);
      this.#window = await this.source.read(position, ahead);
      this.#windowStart = position;
    }
    return this.#window.subarray(position - this.#windowStart, position - this.#windowStart + length);
  }
}
