import type { NdArray } from 'ndarray';
import { ensure } from '../errors.js';
import type { FormTable } from './formTable.js';
import type { KernelLog } from './kernelLog.js';
import type { Shape } from './shape.js';
import { type DType, FLOAT_TYPES, type Storage, type Tensor } from './tensor.js';

/** One scalar of a kernel's `Params` uniform, in the order in which the WGSL struct declares it. */
export type Param = { readonly type: 'u32' | 'f32'; readonly value: number };
export const u32 = (value: number): Param => ({ type: 'u32', value });
export const f32 = (value: number): Param => ({ type: 'f32', value });

/** How kernels that read several types name them: the override `WEIGHT_TYPE` and those like it. */
export function typeCode(dtype: DType, what = 'weights'): number {
  const code = (FLOAT_TYPES as readonly DType[]).indexOf(dtype);
  ensure(code >= 0, () => `${what} must be f32, bf16 or f16, found ${dtype}`);
  return code;
}

/**
 * @internal
 * One kernel launch. Binding 0 is the `Params` uniform, then `reads` in order, then the output.
 * On the reference device `twin` runs instead of the WGSL: same inputs, float64, a plain loop to step into. It returns the
 * output, the one that it wrote into where that exists.
 */
export interface KernelCall {
  /** Name of its file in `src/kernels/<family>` without `.wgsl`. */
  readonly kernel: string;
  readonly reads: readonly Tensor[];
  /** Shape of the new tensor, or an existing tensor that an `update...` op writes in place. */
  readonly output: Shape | Tensor;
  readonly outputType?: DType;
  readonly params: readonly Param[];
  /** WGSL `override` constants: what selects code or sizes workgroup memory. */
  readonly overrides?: Readonly<Record<string, number>>;
  /** Floating-point operations of the launch where they set its pace, for plans to estimate a run by. */
  readonly operations?: number;
  /** Workgroups in one dimension; split over a second one past the adapter's limit. */
  readonly workgroups: number;
  /** How the launch may be cut into pieces, each of which binds a part of the large tensors. */
  readonly split?: RowSplit;
  readonly twin: () => NdArray<Float64Array> | NdArray<Uint32Array>;
  /**
   * How the launch is walked back where it is recorded (`Tape`); or the same result in several launches that can be walked
   * back; or that whoever reads the output takes it for a constant, as the rows of a cache.
   */
  readonly backward?: Backward | { readonly inSteps: () => Tensor } | 'constant';
}

/**
 * @internal
 * How an op is walked back: from the gradient of a number with respect to the op's output to those with respect to what the
 * op depends on.
 */
export interface Backward {
  /** Tensors that it reads: a tape keeps them until then. */
  readonly keeps: readonly Tensor[];
  /**
   * @param cotangent the output's gradient: f32 of its shape, whatever type the output has
   * @param needs whether a tensor depends on what is differentiated; no other's gradient is asked for
   * @returns tensors, each with its gradient; one that comes twice has their sum
   */
  readonly gradients: (cotangent: Tensor, needs: (tensor: Tensor) => boolean) => readonly (readonly [Tensor, Tensor])[];
}

/** @internal What a device has while its launches are recorded (`Tape`). */
export interface Recorder {
  /** Runs an op, of several launches, that is walked back as one. */
  asOne(op: () => Tensor, backward: Backward): Tensor;
  /** Runs a part of a model of which only the input is kept: to be walked back it is run again. */
  checkpoint(x: Tensor, part: (x: Tensor) => Tensor): Tensor;
}

/**
 * @internal
 * A launch in which a row of the output depends on that row of some inputs and on other inputs as a whole. Where a tensor
 * is larger than one binding may be, the device cuts the launch along the rows, so tensors may be as large as a buffer.
 */
export interface RowSplit {
  /** Into how many equal rows the output and the cut inputs fall, whatever their shapes. */
  readonly rows: number;
  /** Which of `reads` are cut along with the output, by index. */
  readonly reads: readonly number[];
  /** The launch on rows first ... first + count - 1: the kernel sees them as rows 0 ... count - 1 of what is bound. */
  readonly piece: (first: number, count: number) => Pick<KernelCall, 'params' | 'workgroups'>;
}

/** @internal The part of a `KernelCall` that says how to launch it, whole or in pieces. */
export function rowwise(
  rows: number,
  reads: readonly number[],
  piece: RowSplit['piece'],
): Pick<KernelCall, 'params' | 'workgroups' | 'split'> {
  return { ...piece(0, rows), split: { rows, reads, piece } };
}

/** What an adapter offers beyond the least that WebGPU asks for. */
export interface DeviceFeatures {
  readonly subgroups: boolean;
  /** Invocations in a subgroup, 0 without subgroups. Where both are equal, every subgroup has that size. */
  readonly minSubgroupSize: number;
  readonly maxSubgroupSize: number;
  /** Whether the adapter says that it is a program on the processor. */
  readonly software?: boolean;
  /**
   * Matrices that a subgroup multiplies as one, of the sizes that there are kernels for: 8 by 8 in f32, or 16 by 16 in f16
   * summed in f32. Absent where there are none, or Dawn does not tell.
   */
  readonly matrices?: 'f32' | 'f16';
  /** Most bytes that the invocations of a workgroup share, and most invocations; what every device grants where absent. */
  readonly workgroupBytes?: number;
  readonly workgroupInvocations?: number;
}

export const NO_FEATURES: DeviceFeatures = { subgroups: false, minSubgroupSize: 0, maxSubgroupSize: 0 };

/** Host values of a tensor: for `bf16` and `f16` the 16-bit patterns (`Uint16Array`), for `u32` indices, else numbers. */
export type HostValues = Float32Array | Float64Array | Uint32Array | Uint16Array;

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

/** What tensors live on and kernels run on: a WebGPU adapter through Dawn, or on the host the float64 twins or the WGSL itself. */
export interface Device {
  readonly kind: 'gpu' | 'reference' | 'interpreter' | 'planning';
  /** The adapter's name as `tokentrim doctor` prints it. */
  readonly name: string;
  /** What the user should know of the choice of adapter: another one that was passed over, say. */
  readonly note?: string;
  /** Whether the adapter has given it up: nothing on it can be used, and another one may be opened. */
  readonly isLost?: boolean;
  readonly memory: MemoryStats;
  readonly features: DeviceFeatures;
  /** Which form of each kernel runs here. */
  readonly forms: FormTable;
  /** Which kernels have been met here. */
  readonly kernels: KernelLog;
  /** Largest tensor in bytes. */
  readonly maxTensorBytes: number;
  /** Most bytes of a tensor that a kernel sees at once; launches that can be cut (`RowSplit`) are cut past it. */
  readonly maxBindingBytes: number;
  /** @internal There while launches are recorded. */
  recorder?: Recorder;
  /** Bytes that a run may take here at the moment of asking; absent, or undefined, where nothing says what there is. */
  readonly availableBytes?: () => number | undefined;

  /** A new tensor whose contents are zero. */
  zeros(shape: Shape, dtype?: DType): Tensor;
  /** A tensor from host values. */
  upload(values: HostValues, shape: Shape, dtype?: DType): Tensor;
  /** The same from values that are read now, unless this device only counts memory (`PlanningDevice`). */
  load(shape: Shape, dtype: DType, read: () => Promise<HostValues>): Promise<Tensor>;
  /** @internal Runs a kernel, or its twin; its types are those of WebGPU and of ndarrays. */
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
  /** Waits where much more was launched than the adapter has done; for who makes many calls and reads nothing in between. */
  keepUp?(): Promise<void>;
  /** Makes the kernels that a plan has launched (`PlanningDevice`), in the background where that is possible. */
  prepareKernels(): Promise<void>;
  /** Per-kernel times since the device was opened with `profile: true`; empty where timestamps do not exist. */
  kernelTimes(): Promise<KernelTime[]>;
  close(): void;
}
