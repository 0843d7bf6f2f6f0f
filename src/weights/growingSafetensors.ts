import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { ensure, TokenTrimError } from '../errors.js';
import { MAX_HEADER_BYTES } from './safetensorsHeader.js';

/** A tensor that is written frame by frame: where its next bytes go, and its shape so far. */
interface Growing {
  readonly name: string;
  readonly frameShape: readonly number[];
  readonly hasBatchAxis: boolean;
  readonly start: number;
  frames: number;
}

/** Room for one entry of the header: a name, a dtype, five sizes and two offsets. */
const ENTRY_BYTES = 192;

/** The length of the header, before the header. */
const LENGTH_BYTES = 8;

const REASONS: Record<string, string> = {
  EACCES: 'permission is denied',
  EFBIG: 'the file is larger than is allowed here',
  ENOENT: 'its folder does not exist',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'part of the path is a file, not a folder',
  EROFS: 'the disk is read-only',
};

/**
 * A safetensors file whose tensors grow along their frame axis while a rollout runs, in constant memory. It is written
 * under a temporary name; the header goes into room kept for it when the file is finished, and then the name is given.
 * Everything is F32.
 */
export class GrowingSafetensors {
  #tensors: Growing[] = [];
  #end = 0;
  #isOpen = true;

  private constructor(
    readonly path: string,
    private readonly file: FileHandle,
    private readonly headerBytes: number,
    private readonly metadata: Readonly<Record<string, string>>,
  ) {}

  /**
   * @param maxTensors most tensors that the file can get
   * @throws TokenTrimError where the file cannot be written, or so many tensors do not fit a header
   */
  static async create(
    path: string,
    maxTensors: number,
    metadata: Readonly<Record<string, string>> = {},
  ): Promise<GrowingSafetensors> {
    const fixed = Buffer.byteLength(JSON.stringify({ __metadata__: metadata }));
    const headerBytes = Math.ceil((fixed + maxTensors * ENTRY_BYTES) / 8) * 8;
    ensure(
      headerBytes <= MAX_HEADER_BYTES,
      `cannot write ${path}: up to ${maxTensors} tensors do not fit a safetensors header: record a shorter run, or one ` +
        'with fewer --trim-attempts',
    );
    const found = await stat(path).catch(() => undefined);
    if (found && !found.isFile()) throw unwritable(path, `it is ${found.isDirectory() ? 'a folder' : 'no plain file'}`);
    const file = await open(partial(path), 'w').catch((error: NodeJS.ErrnoException) => {
      throw unwritable(path, error);
    });
    const created = new GrowingSafetensors(path, file, headerBytes, metadata);
    try {
      await created.#write(Buffer.alloc(LENGTH_BYTES + headerBytes), 0); // on a full disk the header has its room
    } catch (error) {
      await created.abandon();
      throw error;
    }
    return created;
  }

  /** Begins a tensor [1, frames, ...frameShape], or [frames, ...frameShape]; only the newest tensor can grow. */
  begin(name: string, frameShape: readonly number[], hasBatchAxis: boolean): void {
    this.#tensors.push({ name, frameShape, hasBatchAxis, start: this.#end, frames: 0 });
  }

  /**
   * Appends whole frames to the newest tensor: all of them or, where the disk is full, none.
   * @throws TokenTrimError where they cannot be written
   */
  async append(values: Float32Array): Promise<void> {
    const tensor = this.#tensors[this.#tensors.length - 1];
    const position = LENGTH_BYTES + this.headerBytes + this.#end;
    try {
      await this.#write(Buffer.from(values.buffer, values.byteOffset, values.byteLength), position);
    } catch (error) {
      await this.file.truncate(position).catch(() => undefined);
      throw error;
    }
    this.#end += values.byteLength;
    tensor.frames += values.length / tensor.frameShape.reduce((count, size) => count * size, 1);
  }

  /** Writes the header and gives the file its name; without any frame there is no file. */
  async close(): Promise<void> {
    if (!this.#isOpen) return;
    if (this.#end === 0) return this.abandon();
    const header: Record<string, unknown> = { __metadata__: this.metadata };
    this.#tensors.forEach(({ name, frameShape, hasBatchAxis, start, frames }, index) => {
      const end = this.#tensors[index + 1]?.start ?? this.#end;
      const shape = [...(hasBatchAxis ? [1] : []), frames, ...frameShape];
      if (frames > 0) header[name] = { dtype: 'F32', shape, data_offsets: [start, end] };
    });
    const json = Buffer.from(JSON.stringify(header));
    if (json.length > this.headerBytes) throw new Error(`${this.path}: the header outgrew the room kept for it`);
    const bytes = Buffer.alloc(LENGTH_BYTES + this.headerBytes, ' ');
    bytes.writeBigUInt64LE(BigInt(this.headerBytes));
    json.copy(bytes, LENGTH_BYTES);
    try {
      await this.#write(bytes, 0);
      this.#isOpen = false;
      await this.file.close();
      await rename(partial(this.path), this.path);
    } catch (error) {
      await this.abandon();
      throw error instanceof TokenTrimError ? error : unwritable(this.path, error as NodeJS.ErrnoException);
    }
  }

  /** Removes what was written. */
  async abandon(): Promise<void> {
    if (this.#isOpen) await this.file.close();
    this.#isOpen = false;
    await rm(partial(this.path), { force: true });
  }

  /** The file that holds the data until `close`. */
  get temporaryPath(): string {
    return partial(this.path);
  }

  async #write(bytes: Buffer, position: number): Promise<void> {
    try {
      for (let done = 0; done < bytes.length; ) {
        done += (await this.file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
      }
    } catch (error) {
      throw unwritable(this.path, error as NodeJS.ErrnoException);
    }
  }
}

const partial = (path: string) => `${path}.partial`;

function unwritable(path: string, cause: NodeJS.ErrnoException | string): TokenTrimError {
  const reason = typeof cause === 'string' ? cause : (REASONS[cause.code ?? ''] ?? cause.message);
  return new TokenTrimError(`cannot write ${path}: ${reason}: choose a path in a folder that exists and has room`, {
    cause,
  });
}
