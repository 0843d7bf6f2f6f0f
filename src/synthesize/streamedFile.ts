import type { OutputFile } from '../node/files/outputFile.js';

/**
 * A file that is written from front to back while its next bytes are being made: `append` returns as soon as the piece
 * before has reached the system, so that two pieces are alive at a time and no more.
 */
export class StreamedFile {
  #pending: Promise<void> = Promise.resolve();
  #position = 0;

  /** @param onBytes told how many more bytes were written */
  constructor(
    private readonly file: Pick<OutputFile, 'write'>,
    private readonly onBytes: (count: number) => void = () => {},
  ) {}

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
    await this.file.write(bytes, position);
  }

  async finish(): Promise<void> {
    await this.#pending;
  }

  async #write(bytes: Uint8Array, start: number): Promise<void> {
    await this.file.write(bytes, start);
    this.onBytes(bytes.length);
  }
}
