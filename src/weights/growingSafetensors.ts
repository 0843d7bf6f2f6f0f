import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { TokenTrimError } from '../errors.js';

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

/**
 * A safetensors file whose tensors grow along their frame axis while a rollout runs, in constant memory. It is written
 * under a temporary name; the header goes into room kept for it when the file is finished, and then the name is given.
 */
export class GrowingSafetensors {
  #tensors: Growing[] = [];
  #end = 0;

  private constructor(
    private readonly path: string,
    private readonly file: FileHandle,
    private readonly headerBytes: number,
  ) {}

  /** @param maxTensors most tensors that the file can get */
  static async create(path: string, maxTensors: number): Promise<GrowingSafetensors> {
    const headerBytes = Math.ceil((64 + maxTensors * ENTRY_BYTES) / 8) * 8;
    const file = await open(partial(path), 'w').catch((error: NodeJS.ErrnoException) => {
      throw new TokenTrimError(`cannot write ${path} (${error.code}): choose a path in a folder that you can write to`);
    });
    return new GrowingSafetensors(path, file, headerBytes);
  }

  /** Begins a tensor [1, frames, ...frameShape], or [frames, ...frameShape]; only the newest tensor can grow. */
  begin(name: string, frameShape: readonly number[], hasBatchAxis: boolean): void {
    this.#tensors.push({ name, frameShape, hasBatchAxis, start: this.#end, frames: 0 });
  }

  /** Appends whole frames to the newest tensor. */
  async append(values: Float32Array): Promise<void> {
    const tensor = this.#tensors[this.#tensors.length - 1];
    const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
    await this.file.write(bytes, 0, bytes.length, 8 + this.headerBytes + this.#end);
    this.#end += bytes.length;
    tensor.frames += values.length / tensor.frameShape.reduce((count, size) => count * size, 1);
  }

  /** Writes the header and gives the file its name; without any frame there is no file. */
  async close(metadata: Record<string, string> = {}): Promise<void> {
    if (this.#end === 0) return this.abandon();
    const header: Record<string, unknown> = { __metadata__: metadata };
    this.#tensors.forEach(({ name, frameShape, hasBatchAxis, start, frames }, index) => {
      const end = this.#tensors[index + 1]?.start ?? this.#end;
      const shape = [...(hasBatchAxis ? [1] : []), frames, ...frameShape];
      header[name] = { dtype: 'F32', shape, data_offsets: [start, end] };
    });
    const json = Buffer.from(JSON.stringify(header).padEnd(this.headerBytes));
    if (json.length !== this.headerBytes) throw new Error(`${this.path}: the header outgrew the room kept for it`);
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt(json.length));
    await this.file.write(Buffer.concat([size, json]), 0, 8 + json.length, 0);
    await this.file.close();
    await rename(partial(this.path), this.path);
  }

  /** Removes what was written. */
  async abandon(): Promise<void> {
    await this.file.close();
    await rm(partial(this.path), { force: true });
  }
}

const partial = (path: string) => `${path}.partial`;
