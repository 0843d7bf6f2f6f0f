import { ensure, TokenTrimError } from '../../errors.js';
import type { ByteSource } from '../byteSource.js';
import { quote } from '../quote.js';

/** Reads the directory at the end of a zip archive. Handed in: Node's is `src/node/files/zipDirectory.ts`. */
export type ZipReader = (archive: ByteSource) => Promise<ZipDirectory>;

/** The directory of an archive, believed in nothing: {@link ZipRecords} checks it. */
export interface ZipDirectory {
  /** How many entries it says that it has. */
  readonly entryCount: number;
  entries(): AsyncIterable<ZipEntry>;
}

export interface ZipEntry {
  readonly name: string;
  /** Size of the name as it is stored. */
  readonly nameBytes: number;
  /** Where its own header begins in the archive. */
  readonly headerStart: number;
  /** Size of its data as they are stored. */
  readonly storedBytes: number;
  /** Size of its data once they are unpacked. */
  readonly bytes: number;
  /** CRC-32 of its data. */
  readonly checksum: number;
  /** True for data that are neither compressed nor encrypted. */
  readonly isPlain: boolean;
  /** Reads its own header: where its data begin; undefined where that header is another entry's. */
  dataStart(): Promise<number | undefined>;
}

/** Released checkpoints have up to 2 500. */
const MAX_RECORDS = 65_536;
/** A local header without its variable fields. */
const LOCAL_HEADER_BYTES = 30;

const ADVICE = 'The file is cut short or damaged: download it again.';

/** The records of a zip archive that stores them uncompressed, as torch.save does: each is a range of the file. */
export class ZipRecords {
  private constructor(
    private readonly entries: ReadonlyMap<string, ZipEntry>,
    private readonly label: string,
  ) {}

  /** Reads the directory of the archive, and checks that its records lie beside each other. */
  static async open(archive: ByteSource, read: ZipReader): Promise<ZipRecords> {
    const { label, size } = archive;
    try {
      const directory = await read(archive);
      ensure(
        directory.entryCount <= MAX_RECORDS,
        `${label}: expected at most ${MAX_RECORDS} records in the zip archive, found ${directory.entryCount}. ${ADVICE}`,
      );
      const entries = new Map<string, ZipEntry>();
      for await (const entry of directory.entries()) {
        ensure(
          !entries.has(entry.name),
          () => `${label}: the zip archive has two records called ${quote(entry.name)}. ${ADVICE}`,
        );
        entries.set(entry.name, entry);
      }
      checkRanges([...entries.values()], size, label);
      return new ZipRecords(entries, label);
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
    return this.#plain(name).bytes;
  }

  /** CRC-32 of a record's data, as the directory gives it. */
  checksum(name: string): number {
    return this.#plain(name).checksum;
  }

  /** Where the data of a record begin in the file. */
  async position(name: string): Promise<number> {
    try {
      const start = await this.#plain(name).dataStart();
      ensure(
        start !== undefined,
        () => `${this.label}: the zip directory does not fit the record ${quote(name)}. ${ADVICE}`,
      );
      return start;
    } catch (cause) {
      throw explained(cause, this.label);
    }
  }

  #plain(name: string): ZipEntry {
    const entry = this.entries.get(name);
    ensure(entry, () => `${this.label}: the zip archive has no record ${quote(name)}. ${ADVICE}`);
    ensure(
      entry.isPlain,
      () =>
        `${this.label}: the record ${quote(name)} is compressed or encrypted; torch.save stores records as they are. ` +
        'Unpack the archive and pack it again with "zip -0 -r", or save it again with torch.save.',
    );
    return entry;
  }
}

/** Records that lie over each other, or past the end, are how small files pretend to be large ones. */
function checkRanges(entries: readonly ZipEntry[], fileBytes: number, label: string): void {
  const inOrder = [...entries].sort((left, right) => left.headerStart - right.headerStart);
  inOrder.forEach((entry, index) => {
    const end = entry.headerStart + LOCAL_HEADER_BYTES + entry.nameBytes + entry.storedBytes;
    const next = inOrder[index + 1]?.headerStart ?? fileBytes;
    ensure(
      end <= next,
      () =>
        `${label}: the record ${quote(entry.name)} ends at byte ${end}, but ${
          next === fileBytes ? 'the file' : 'the next record'
        } is at ${next}. ${ADVICE}`,
    );
  });
}

function explained(cause: unknown, label: string): TokenTrimError {
  if (cause instanceof TokenTrimError) return cause;
  const reason = quote(cause instanceof Error ? cause.message.split('. ')[0] : cause);
  return new TokenTrimError(`${label}: expected the zip archive of a torch.save file, found ${reason}. ${ADVICE}`, {
    cause,
  });
}
