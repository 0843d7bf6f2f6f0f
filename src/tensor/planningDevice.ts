import { ensure } from '../errors.js';
import type { Device, HostValues, KernelCall, KernelTime, MemoryStats } from './device.js';
import { isSubmitDue } from './gpu/commandRecorder.js';
import { countPieces } from './gpu/launchPieces.js';
import { firstGuess, operationsOf, Pace } from './gpu/pace.js';
import { BufferPool } from './gpu/pool.js';
import { type LargestWork, SubmissionCount } from './gpu/submissionCount.js';
import { KernelLog } from './kernelLog.js';
import { ScopeStack } from './scope.js';
import { checkShape, elementCount, formatShape, type Shape } from './shape.js';
import { bytesOf, checkRowCopy, checkTensorBytes, type DType, type Storage, Tensor } from './tensor.js';

/** Past this a plan is not followed further: no machine has it. */
export const MAX_PLANNED_BYTES = 1e12;

/** Where in a buffer a binding may begin: what WebGPU guarantees. */
const OFFSET_ALIGNMENT = 256;

/** Pieces of a launch that are followed into submissions: each lasts about as long as one may, so that the rest only repeat. */
const TELLING_PIECES = 8;

/**
 * Counts the memory that a program takes on a device, without a value in it: every launch allocates its output and
 * computes nothing, every read gives zeros. The same pool as a GPU's keeps the books, and the same limits are checked,
 * so the plan of a run is the run itself on this device.
 */
export class PlanningDevice implements Device {
  readonly kind = 'planning';
  readonly name: string;
  readonly features: Device['features'];
  readonly forms: Device['forms'];
  readonly kernels: KernelLog;
  readonly maxTensorBytes: number;
  readonly maxBindingBytes: number;
  #pool = new BufferPool({ createBuffer: ({ size }) => ({ size, destroy() {} }) as GPUBuffer });
  #scopes = new ScopeStack();
  #launches = 0;
  #operations = 0;
  #pace: Pace;
  #submissions: SubmissionCount;

  /**
   * @param like the device whose limits and features are assumed, and which is told of the kernels that are launched
   * @param operationsASecond what the adapter is expected to do, on which cuts and submissions depend
   */
  constructor(
    like: Pick<Device, 'name' | 'features' | 'forms' | 'maxTensorBytes' | 'maxBindingBytes'> &
      Partial<Pick<Device, 'kernels'>>,
    operationsASecond?: number,
  ) {
    this.#pace = new Pace(operationsASecond ?? firstGuess(like.features));
    this.#submissions = new SubmissionCount(this.#pace);
    this.name = like.name;
    this.features = like.features;
    this.forms = like.forms;
    this.kernels = like.kernels ?? new KernelLog();
    this.kernels.planned.clear(); // each plan replaces the one before
    this.maxTensorBytes = like.maxTensorBytes;
    this.maxBindingBytes = like.maxBindingBytes;
  }

  get memory(): MemoryStats {
    const { buffers, bytes, peakBytes, liveStorages } = this.#pool;
    return { buffers, bytes, peakBytes, liveStorages };
  }

  /** The most bytes held since this was last asked. */
  takePeak(): number {
    return this.#pool.takePeak();
  }

  /** Floating-point operations of all launches so far, those that set the pace of theirs. */
  get operations(): number {
    return this.#operations;
  }

  /** The largest dispatch and submission so far. */
  get largestWork(): LargestWork {
    return this.#submissions.largest;
  }

  zeros(shape: Shape, dtype: DType = 'f32'): Tensor {
    return this.#track(shape, dtype, this.#pool.acquire(this.#bytes(shape, dtype)));
  }

  upload(values: HostValues, shape: Shape, dtype: DType = values instanceof Uint32Array ? 'u32' : 'f32'): Tensor {
    return this.#track(shape, dtype, this.#pool.upload(this.#bytes(shape, dtype)).storage);
  }

  async load(shape: Shape, dtype: DType, _read: () => Promise<HostValues>): Promise<Tensor> {
    return this.#track(shape, dtype, this.#pool.exact(this.#bytes(shape, dtype)));
  }

  launch(call: KernelCall): Tensor {
    const output =
      call.output instanceof Tensor ? call.output : this.zeros(call.output as Shape, call.outputType ?? 'f32');
    const { kernel, overrides, reads } = call;
    this.kernels.plan({ kernel, overrides, reads: reads.length });
    this.#operations += call.operations ?? 0;
    const operations = operationsOf(call, output);
    const pieces = this.#pace.pieces(kernel, operations);
    const limits = { maxBytes: this.maxBindingBytes, alignment: OFFSET_ALIGNMENT, pieces };
    const { pieces: count, share } = countPieces(call, output, limits);
    for (let piece = 0; piece < Math.min(count, TELLING_PIECES); piece++) {
      this.#submissions.dispatch(kernel, operations * share);
    }
    this.#launches++;
    this.#submitIfDue();
    return output;
  }

  updateRows(target: Tensor, toRow: number, source: Tensor, fromRow: number, rows: number): void {
    checkRowCopy(target, toRow, source, fromRow, rows);
  }

  async read(tensor: Tensor): Promise<Float32Array> {
    this.#submit();
    return new Float32Array(tensor.size);
  }

  async readIndices(tensor: Tensor): Promise<Uint32Array> {
    this.#submit();
    return new Uint32Array(tensor.size);
  }

  scope<Result>(body: () => Result): Result {
    const result = this.#scopes.run(body, (storage) => this.free(storage));
    this.#submitIfDue();
    return result;
  }

  free(storage: Storage): void {
    this.#pool.release(storage);
  }

  async synchronize(): Promise<void> {
    this.#submit();
  }

  async keepUp(): Promise<void> {
    this.#submit();
  }

  async prepareKernels(): Promise<void> {}

  async kernelTimes(): Promise<KernelTime[]> {
    return [];
  }

  close(): void {}

  #submitIfDue(): void {
    if (isSubmitDue(this.#launches, this.#scopes.isOpen) || this.#pool.isOverdue) this.#submit();
  }

  #submit(): void {
    this.#launches = 0;
    this.#submissions.submit();
    this.#pool.collect();
  }

  #bytes(shape: Shape, dtype: DType): number {
    checkShape(shape, 'tensor');
    const bytes = bytesOf(dtype, elementCount(shape));
    checkTensorBytes(this, bytes, () => `a tensor ${formatShape(shape)} of ${dtype}`);
    ensure(
      this.#pool.bytes + bytes <= MAX_PLANNED_BYTES,
      'this run needs more than 1000 GB of memory: use a smaller `width`, `height` or `window`',
    );
    return bytes;
  }

  #track(shape: Shape, dtype: DType, storage: Storage): Tensor {
    this.#scopes.track(storage);
    return new Tensor(this, shape, dtype, storage);
  }
}
