import type { NdArray } from 'ndarray';
import ndarray from 'ndarray';
import { ensure, TokenTrimError } from '../errors.js';
import { describeTensor, printTensor } from './describeTensor.js';
import type { Device } from './device.js';
import { elementCount, formatShape, type Shape } from './shape.js';

/**
 * Element types. `bf16` and `f16` are held packed, two to a 32-bit word (the even element in the low half), so that no
 * adapter feature is needed; kernels unpack them and compute in f32. `u32` holds indices.
 */
export type DType = FloatType | 'u32';

/** Those of numbers. */
export const FLOAT_TYPES = ['f32', 'bf16', 'f16'] as const;
export type FloatType = (typeof FLOAT_TYPES)[number];

/** Where a tensor's elements live: one GPU buffer, or one float64 (u32 for indices) array on the reference device. */
export interface Storage {
  /** @internal */
  readonly buffer?: GPUBuffer;
  readonly data?: Float64Array | Uint32Array;
  /** @internal On the interpreter: the words that a buffer would hold. */
  readonly words?: Uint32Array;
  /** Bytes taken from the device, rounding included. */
  readonly byteLength: number;
  /** Identity for bind-group caching; never reused. */
  readonly id: number;
  /** Whether the buffer goes back to the pool when freed; uploads are exact in size and are destroyed instead. */
  readonly pooled: boolean;
  freed: boolean;
}

/** An n-dimensional array on a device. Immutable by convention: only ops named `update...` write to an existing one. */
export class Tensor {
  constructor(
    readonly device: Device,
    readonly shape: Shape,
    readonly dtype: DType,
    readonly storage: Storage,
  ) {}

  get size(): number {
    return elementCount(this.shape);
  }

  /** The same elements under another shape; shares storage, so freeing either frees both. */
  reshape(...shape: number[]): Tensor {
    if (elementCount(shape) !== this.size) {
      throw new TokenTrimError(`reshape: ${formatShape(this.shape)} cannot be seen as ${formatShape(shape)}`);
    }
    return new Tensor(this.device, shape, this.dtype, this.storage);
  }

  /** @internal The elements as a float64 ndarray: what a twin (`<kernel>.twin.ts`) works on. Reference device only. */
  get host(): NdArray<Float64Array> {
    return ndarray(this.hostData() as Float64Array, [...this.shape]);
  }

  /** @internal The indices of a `u32` tensor. Reference device only. */
  get hostIndices(): Uint32Array {
    return this.hostData() as Uint32Array;
  }

  /** Gives the storage back at once; tensors made inside a scope need no such call. */
  dispose(): void {
    this.device.free(this.storage);
  }

  /** Type, shape, range, mean and a corner of the values where they are on the host; elsewhere where it lies. */
  toString(): string {
    return printTensor(this);
  }

  /** @internal What Node's console prints; a line where it is part of something else. */
  [Symbol.for('nodejs.util.inspect.custom')](depth?: number, options?: { readonly depth?: number }): string {
    return depth === options?.depth ? printTensor(this) : describeTensor(this);
  }

  /** @internal What VS Code shows beside its name. */
  [Symbol.for('debug.description')](): string {
    return describeTensor(this);
  }

  private hostData(): Float64Array | Uint32Array {
    const { data, freed } = this.storage;
    if (!data || freed)
      throw new TokenTrimError(freed ? 'tensor used after it was freed' : 'tensor is not on the host');
    return data;
  }
}

/** Bytes that `count` elements take on the GPU: whole 32-bit words. */
export function bytesOf(dtype: DType, count: number): number {
  return dtype === 'bf16' || dtype === 'f16' ? Math.ceil(count / 2) * 4 : count * 4;
}

/** A freed buffer may already be another tensor's: reading it would give that one's values. */
export function expectAlive(tensor: Tensor, kernel: string): void {
  if (tensor.storage.freed) throw new TokenTrimError(`${kernel}: a tensor was used after it was freed`);
}

/** The same for a tensor that is read back by a method which gives values of one type. */
export function expectReadable(tensor: Tensor, method: 'read' | 'readIndices', dtype: 'f32' | 'u32'): void {
  expectAlive(tensor, method);
  ensure(
    tensor.dtype === dtype,
    `${method}: expected ${dtype === 'f32' ? 'an' : 'a'} ${dtype} tensor, found ${tensor.dtype}`,
  );
}

/** Throws unless rows (entries of the first axis) can be copied between the two tensors as they lie in memory. */
export function checkRowCopy(target: Tensor, toRow: number, source: Tensor, fromRow: number, rows: number): void {
  const [targetWidth, sourceWidth] = [target, source].map((tensor) => tensor.size / tensor.shape[0]);
  ensure(
    target.dtype === source.dtype && targetWidth === sourceWidth,
    () => `updateRows: rows of ${sourceWidth} ${source.dtype} do not fit rows of ${targetWidth} ${target.dtype}`,
  );
  ensure(
    bytesOf(target.dtype, 2) === 8 || targetWidth % 2 === 0,
    () => `updateRows: rows of ${targetWidth} packed 16-bit values do not begin on whole words`,
  );
  ensure(
    fromRow >= 0 && toRow >= 0 && fromRow + rows <= source.shape[0] && toRow + rows <= target.shape[0],
    () =>
      `updateRows: rows ${fromRow} to ${fromRow + rows} of ${source.shape[0]} cannot go to row ${toRow} of ${target.shape[0]}`,
  );
}

/** Throws where a tensor does not fit into one buffer of the device. */
export function checkTensorBytes(
  device: Pick<Device, 'name' | 'maxTensorBytes'>,
  bytes: number,
  what: () => string,
): void {
  ensure(bytes <= device.maxTensorBytes, () =>
    tooLarge(what(), bytes, device.maxTensorBytes, (most) => `a buffer of ${device.name} holds at most ${most}`),
  );
}

/** Says that a tensor takes more than a device allows, and what would take less. */
export function tooLarge(what: string, bytes: number, maxBytes: number, limit: (most: string) => string): string {
  const mebibytes = (value: number) => `${Math.ceil(value / 2 ** 20)} MiB`;
  return (
    `${what} takes ${mebibytes(bytes)}, but ${limit(mebibytes(maxBytes))}: use a smaller \`width\`, \`height\` or \`window\`, ` +
    '16-bit weights (`dtype` bf16), or another `adapter`'
  );
}
