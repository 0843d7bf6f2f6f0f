import { type FileHandle, open } from 'node:fs/promises';

/**
 * A file that is written from front to back while its next bytes are being made: `append` returns as soon as the piece
 * before has reached the system, so that two pieces are alive at a time and no more.
 */
export class StreamedFile {
  #pending: Promise<void> = Promise.resolve();
  #position = 0;

  private constructor(
    private readonly file: FileHandle,
    private readonly onBytes: (count: number) => void,
  ) {}

  /**
   * Creates the file; one that is there already is an error.
   * @param onBytes told how many more bytes were written
   */
  static async create(path: string, onBytes: (count: number) => void = () => {}): Promise<StreamedFile> {
    return new StreamedFile(await open(path, 'wx'), onBytes);
  }

  /** Where the next piece will lie. */
  get position(): number {
    return this.#position;
  }

  /** @param bytes must stay as they are until the next call has returned */
  async append(bytes: Uint8Array): Promise<void> {
    const before = this.#pending;
    this.#pending = this.#write(bytes, this.#position);
    this.#pending.catch(() => {}); // it is reported by the next call, which may come much later
    this.#position += bytes.length;
    await before;
  }

  /** Changes bytes that were appended before. */
  async patch(bytes: Uint8Array, position: number): Promise<void> {
    await this.#pending;
    await this.file.write(bytes, 0, bytes.length, position);
  }

  async finish(): Promise<void> {
    await this.#pending;
  }

  async close(): Promise<void> {
    await this.#pending.catch(() => {});
    await this.file.close();
  }

  async #write(bytes: Uint8Array, start: number): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      done += (await this.file.write(bytes, done, bytes.length - done, start + done)).bytesWritten;
    }
    this.onBytes(bytes.length);
  }
}
