import type { NdArray } from 'ndarray';
import type { Shape } from './shape.js';
import type { DType, Storage, Tensor } from './tensor.js';

/** One scalar of a kernel's `Params` uniform, in the order in which the WGSL struct declares it. */
export type Param = { readonly type: 'u32' | 'f32'; readonly value: number };
export const u32 = (value: number): Param => ({ type: 'u32', value });
export const f32 = (value: number): Param => ({ type: 'f32', value });

/**
 * One kernel launch. Binding 0 is the `Params` uniform, then `reads` in order, then the output.
 * On the reference device `twin` runs instead of the WGSL: same inputs, float64, a plain loop to step into.
 */
export interface KernelCall {
  /** File name in `src/kernels` without `.wgsl`. */
  readonly kernel: string;
  readonly reads: readonly Tensor[];
  /** Shape of the new tensor, or an existing tensor that an `update...` op writes in place. */
  readonly output: Shape | Tensor;
  readonly outputType?: DType;
  readonly params: readonly Param[];
  /** WGSL `override` constants: what selects code or sizes workgroup memory. */
  readonly overrides?: Readonly<Record<string, number>>;
  /** Workgroups in one dimension; split over a second one past the adapter's limit. */
  readonly workgroups: number;
  readonly twin: () => NdArray<Float64Array> | NdArray<Uint32Array> | undefined;
}

/** Buffers and bytes held now (free ones that the pool keeps included), and the most ever held. */
export interface MemoryStats {
  readonly buffers: number;
  readonly bytes: number;
  readonly peakBytes: number;
  /** Tensors' storages in use: what a leak would grow. */
  readonly liveStorages: number;
}

/** Time spent in one kernel since profiling began. */
export interface KernelTime {
  readonly kernel: string;
  readonly calls: number;
  readonly milliseconds: number;
}

/** What tensors live on and kernels run on: a WebGPU adapter through Dawn, or the float64 twins on the host. */
export interface Device {
  readonly kind: 'gpu' | 'reference';
  /** The adapter's name as `tokentrim doctor` prints it. */
  readonly name: string;
  /** What the user should know of the choice of adapter: another one that was passed over, say. */
  readonly note?: string;
  readonly memory: MemoryStats;
  /** Largest tensor in bytes that one binding can hold. */
  readonly maxTensorBytes: number;

  /** A new tensor whose contents are zero. */
  zeros(shape: Shape, dtype?: DType): Tensor;
  /**
   * A tensor from host values. For `bf16` and `f16`, `values` are the raw 16-bit patterns (`Uint16Array`), for `u32`
   * indices (`Uint32Array`), else numbers.
   */
  upload(values: Float32Array | Float64Array | Uint32Array | Uint16Array, shape: Shape, dtype?: DType): Tensor;
  launch(call: KernelCall): Tensor;
  /** Copies `rows` entries of the first axis, from row `fromRow` of `source` to row `toRow` of `target`, in place. */
  updateRows(target: Tensor, toRow: number, source: Tensor, fromRow: number, rows: number): void;
  /** Waits for the device and returns the elements: float32 on a GPU, float64 on the reference device. */
  read(tensor: Tensor): Promise<Float32Array | Float64Array>;
  /** The same for `u32` tensors. */
  readIndices(tensor: Tensor): Promise<Uint32Array>;
  /**
   * Runs `body`, which must be synchronous, and frees every tensor made in it except those found in what it returns
   * (a tensor, an array or a plain object of tensors).
   */
  scope<Result>(body: () => Result): Result;
  free(storage: Storage): void;
  /** Waits until everything launched has run; throws what went wrong on the way. */
  synchronize(): Promise<void>;
  /** Per-kernel times since the device was opened with `profile: true`; empty where timestamps do not exist. */
  kernelTimes(): Promise<KernelTime[]>;
  close(): void;
}
