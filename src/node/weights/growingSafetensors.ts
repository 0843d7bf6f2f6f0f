import { ensure } from '../../errors.js';
import { MAX_HEADER_BYTES } from '../../weights/safetensors/header.js';
import { OutputFile, type OutputOptions } from '../files/outputFile.js';
import { SAFETENSORS_MARK } from '../files/ownFile.js';

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

/**
 * A safetensors file whose tensors grow along their frame axis while a rollout runs, in constant memory. It is written
 * under a partial name; the header goes into room kept for it when the file is finished, and then the name is given.
 * Everything is F32.
 */
export class GrowingSafetensors {
  #tensors: Growing[] = [];
  #end = 0;
  #isOpen = true;
  #hasRoom = false;
  #place: string; // where the file lies once it is closed

  private constructor(
    readonly path: string,
    private readonly file: OutputFile,
    private readonly headerBytes: number,
    private readonly metadata: Readonly<Record<string, string>>,
  ) {
    this.#place = path;
  }

  /**
   * @param maxTensors most tensors that the file can get
   * @throws TokenTrimError where the file cannot be written, or so many tensors do not fit a header
   */
  static async create(
    path: string,
    maxTensors: number,
    metadata: Readonly<Record<string, string>> = {},
    options: Pick<OutputOptions, 'option' | 'force'> = {},
  ): Promise<GrowingSafetensors> {
    const marked = { ...SAFETENSORS_MARK, ...metadata };
    const fixed = Buffer.byteLength(JSON.stringify({ __metadata__: marked }));
    const headerBytes = Math.ceil((fixed + maxTensors * ENTRY_BYTES) / 8) * 8;
    ensure(
      headerBytes <= MAX_HEADER_BYTES,
      `cannot write ${path}: up to ${maxTensors} tensors do not fit a safetensors header: record a shorter run, or one ` +
        'with fewer --trim-attempts',
    );
    return new GrowingSafetensors(path, await OutputFile.open(path, options), headerBytes, marked);
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
      // On a full disk the header has its room.
      if (!this.#hasRoom) await this.file.write(Buffer.alloc(LENGTH_BYTES + this.headerBytes), 0);
      this.#hasRoom = true;
      await this.file.write(Buffer.from(values.buffer, values.byteOffset, values.byteLength), position);
    } catch (error) {
      await this.file.truncate(this.#hasRoom ? position : 0).catch(() => undefined);
      throw error;
    }
    this.#end += values.byteLength;
    tensor.frames += values.length / tensor.frameShape.reduce((count, size) => count * size, 1);
  }

  /**
   * Writes the header and gives the file its name; without any frame there is no file.
   * @param isEarly whether frames are missing, so that nothing may be replaced
   * @returns where the file lies
   */
  async close(isEarly = false): Promise<string> {
    if (!this.#isOpen) return this.#place;
    this.#isOpen = false;
    if (this.#end === 0) {
      await this.file.giveUp();
      return this.path;
    }
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
      await this.file.write(bytes, 0);
      this.#place = isEarly ? await this.file.finishEarly() : await this.file.finish();
      return this.#place;
    } catch (error) {
      await this.file.giveUp();
      throw error;
    }
  }

  /** Removes what was written. */
  async abandon(): Promise<void> {
    this.#isOpen = false;
    await this.file.giveUp();
  }
}
