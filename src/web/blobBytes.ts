import { ensure, TokenTrimError } from '../errors.js';
import type { ByteSource } from '../weights/byteSource.js';

/**
 * A `Blob` of a page, such as a `File` that was picked: read by ranges, and never as a whole.
 * @param label how errors name it; a file's name where absent
 */
export class BlobBytes implements ByteSource {
  readonly label: string;
  readonly size: number;
  #blob: Blob | undefined;

  constructor(blob: Blob, label?: string) {
    this.label = label ?? (blob as Partial<File>).name ?? 'a blob';
    this.size = blob.size;
    this.#blob = blob;
  }

  async read(position: number, byteLength: number): Promise<Uint8Array> {
    ensure(this.#blob, () => `${this.label}: it was read after it was closed.`);
    const end = position + byteLength;
    ensure(
      end <= this.size,
      () => `${this.label}: it ends at byte ${this.size}, and bytes up to ${end} were expected.`,
    );
    try {
      return new Uint8Array(await this.#blob.slice(position, end).arrayBuffer());
    } catch (cause) {
      const { message } = cause as Error;
      throw new TokenTrimError(
        `${this.label} cannot be read any more (${message}): it may have changed since it was picked. Pick it again.`,
        { cause },
      );
    }
  }

  async close(): Promise<void> {
    this.#blob = undefined;
  }
}
