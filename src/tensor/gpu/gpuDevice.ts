import type { Device, HostValues, KernelCall, KernelTime, MemoryStats } from '../device.js';
import { FormTable } from '../formTable.js';
import { KernelLog } from '../kernelLog.js';
import { ScopeStack } from '../scope.js';
import { checkShape, elementCount, formatShape, type Shape } from '../shape.js';
import {
  bytesOf,
  checkRowCopy,
  checkTensorBytes,
  type DType,
  expectAlive,
  expectReadable,
  type Storage,
  Tensor,
} from '../tensor.js';
import { BindingCache } from './bindingCache.js';
import { CommandRecorder, isSubmitDue } from './commandRecorder.js';
import { DeviceErrors } from './deviceErrors.js';
import { featuresOf } from './deviceFeatures.js';
import type { GpuDeviceOptions } from './gpuDeviceOptions.js';
import { hostBytes } from './hostBytes.js';
import { KernelCache, type KernelTexts } from './kernelCache.js';
import { cutLaunch } from './launchPieces.js';
import { firstGuess, operationsOf, Pace, slowestRate } from './pace.js';
import { BufferPool } from './pool.js';
import { type Helpers, prepareTogether } from './prepareTogether.js';
import { Profiler } from './profile.js';

/** Dawn keeps a copy of what was written into a mapped buffer until a submit: loading a model pauses after this many bytes. */
const MAX_LOADED_BYTES = 128 * 2 ** 20;

const READBACK_USAGE = 0x01 | 0x08; // MAP_READ | COPY_DST

/** Records launches on a WebGPU device; nothing waits until values are read. */
export class GpuDevice implements Device {
  readonly kind = 'gpu';
  readonly features: Device['features'];
  readonly forms = new FormTable();
  readonly kernels = new KernelLog();
  readonly maxTensorBytes: number;
  readonly maxBindingBytes: number;
  readonly note: string | undefined;
  readonly availableBytes: Device['availableBytes'];
  #pool: BufferPool;
  #kernelCache: KernelCache;
  #bindings: BindingCache;
  #scopes = new ScopeStack();
  #profiler: Profiler | undefined;
  #pace: Pace;
  #recorder: CommandRecorder;
  #offsetAlignment: number;
  #loadedBytes = 0; // since the last wait
  #errors: DeviceErrors;
  #helpers: Helpers | undefined;
  #isClosed = false;

  /** @param options.helpers other devices on the adapter, where the driver compiles on one thread a device */
  constructor(
    private readonly device: GPUDevice,
    readonly name: string,
    texts: KernelTexts,
    options: GpuDeviceOptions = {},
  ) {
    const { maxBufferSize, maxStorageBufferBindingSize } = device.limits;
    this.maxTensorBytes = maxBufferSize;
    this.maxBindingBytes = Math.min(maxStorageBufferBindingSize, options.maxBindingBytes ?? maxBufferSize);
    this.features = featuresOf(device);
    this.note = options.note;
    this.availableBytes = options.availableBytes;
    this.#pool = new BufferPool(device);
    this.#errors = options.errors ?? new DeviceErrors();
    this.#errors.watch(device);
    this.#helpers = options.helpers;
    this.#kernelCache = new KernelCache(device, texts, this.kernels, (message) => this.#errors.note(message, true));
    this.#bindings = new BindingCache(device);
    if (options.profile && device.features.has('timestamp-query')) this.#profiler = new Profiler(device);
    this.#pace = options.operationsASecond
      ? new Pace(options.operationsASecond)
      : new Pace(firstGuess(this.features), slowestRate(this.features));
    this.#recorder = new CommandRecorder(device, this.#pace, this.#profiler);
    this.#offsetAlignment = device.limits.minStorageBufferOffsetAlignment;
    device.onuncapturederror = ({ error }) => this.#errors.noteUncaptured(error);
  }

  get isLost(): boolean {
    return this.#errors.isLost;
  }

  get memory(): MemoryStats {
    const { buffers, bytes, peakBytes, liveStorages } = this.#pool;
    return { buffers, bytes, peakBytes, liveStorages };
  }

  zeros(shape: Shape, dtype: DType = 'f32'): Tensor {
    const tensor = this.#allocate(shape, dtype);
    this.#recorder.clear(tensor.storage.buffer as GPUBuffer, bytesOf(dtype, tensor.size));
    return tensor;
  }

  upload(values: HostValues, shape: Shape, dtype: DType = values instanceof Uint32Array ? 'u32' : 'f32'): Tensor {
    this.#checkSize(shape, dtype);
    const bytes = hostBytes(values, shape, dtype);
    const { storage, isUnwritten } = this.#pool.upload(bytes.byteLength, bytes);
    if (isUnwritten) this.device.queue.writeBuffer(storage.buffer as GPUBuffer, 0, bytes);
    return this.#track(new Tensor(this, shape, dtype, storage));
  }

  async load(shape: Shape, dtype: DType, read: () => Promise<HostValues>): Promise<Tensor> {
    this.#checkSize(shape, dtype);
    const bytes = hostBytes(await read(), shape, dtype);
    const tensor = this.#track(new Tensor(this, shape, dtype, this.#pool.exact(bytes.byteLength, bytes)));
    this.#loadedBytes += tensor.storage.byteLength;
    if (this.#loadedBytes > MAX_LOADED_BYTES) {
      this.#loadedBytes = 0;
      this.#submit();
      this.device.queue.submit([]);
      await this.device.queue.onSubmittedWorkDone();
    }
    return tensor;
  }

  launch(call: KernelCall): Tensor {
    for (const tensor of call.reads) expectAlive(tensor, call.kernel);
    if (call.output instanceof Tensor) expectAlive(call.output, call.kernel);
    const output =
      call.output instanceof Tensor ? call.output : this.#allocate(call.output as Shape, call.outputType ?? 'f32');
    const kernel = this.#kernelCache.get(call.kernel, call.overrides);
    const operations = operationsOf(call, output);
    const pieces = this.#pace.pieces(call.kernel, operations);
    const limits = { maxBytes: this.maxBindingBytes, alignment: this.#offsetAlignment, pieces };
    for (const { params, workgroups, bindings, share } of cutLaunch(call, output, limits)) {
      const group = this.#bindings.group(kernel, params, bindings);
      this.#recorder.dispatch(call.kernel, kernel, group, { workgroups, operations: operations * share });
    }
    this.#recorder.launches++; // whatever it is cut into, so that a plan counts the same
    this.#submitIfDue();
    return output;
  }

  updateRows(target: Tensor, toRow: number, source: Tensor, fromRow: number, rows: number): void {
    expectAlive(target, 'updateRows');
    expectAlive(source, 'updateRows');
    checkRowCopy(target, toRow, source, fromRow, rows);
    const rowBytes = bytesOf(target.dtype, target.size / target.shape[0]);
    const [from, to] = [source.storage.buffer, target.storage.buffer] as [GPUBuffer, GPUBuffer];
    this.#recorder.copy(from, fromRow * rowBytes, to, toRow * rowBytes, rows * rowBytes);
  }

  async read(tensor: Tensor): Promise<Float32Array> {
    expectReadable(tensor, 'read', 'f32');
    return new Float32Array(await this.#readBytes(tensor));
  }

  async readIndices(tensor: Tensor): Promise<Uint32Array> {
    expectReadable(tensor, 'readIndices', 'u32');
    return new Uint32Array(await this.#readBytes(tensor));
  }

  scope<Result>(body: () => Result): Result {
    const result = this.#scopes.run(body, (storage) => this.free(storage));
    this.#submitIfDue();
    return result;
  }

  free(storage: Storage): void {
    if (!storage.freed && !storage.pooled) this.#bindings.forget(storage);
    this.#pool.release(storage);
  }

  async synchronize(): Promise<void> {
    await this.#submitAndWait(() => this.device.queue.onSubmittedWorkDone());
  }

  async keepUp(): Promise<void> {
    this.#submit();
    if (this.#recorder.isFarAhead) await this.#submitAndWait(() => this.#recorder.catchUp());
  }

  prepareKernels(): Promise<void> {
    const codes = [...this.kernels.planned.values()];
    const { device } = this;
    if (!this.#helpers) return this.#kernelCache.prepare(codes);
    return prepareTogether({ device, kernels: this.#kernelCache }, codes, this.#helpers, () => !this.#isClosed);
  }

  async kernelTimes(): Promise<KernelTime[]> {
    await this.synchronize();
    return this.#profiler?.times() ?? [];
  }

  close(): void {
    this.#isClosed = true;
    this.#recorder.discard();
    this.device.destroy();
  }

  async #readBytes(tensor: Tensor): Promise<ArrayBuffer> {
    const byteLength = bytesOf(tensor.dtype, tensor.size);
    const staging = this.device.createBuffer({ size: byteLength, usage: READBACK_USAGE });
    this.#recorder.copy(tensor.storage.buffer as GPUBuffer, 0, staging, 0, byteLength);
    try {
      await this.#submitAndWait(() => staging.mapAsync(0x01 /* READ */));
      return staging.getMappedRange().slice(0);
    } finally {
      staging.destroy();
    }
  }

  #allocate(shape: Shape, dtype: DType): Tensor {
    this.#checkSize(shape, dtype);
    return this.#track(new Tensor(this, shape, dtype, this.#pool.acquire(bytesOf(dtype, elementCount(shape)))));
  }

  #track(tensor: Tensor): Tensor {
    this.#scopes.track(tensor.storage);
    return tensor;
  }

  #checkSize(shape: Shape, dtype: DType): void {
    checkShape(shape, 'tensor');
    checkTensorBytes(this, bytesOf(dtype, elementCount(shape)), () => `a tensor ${formatShape(shape)} of ${dtype}`);
  }

  #submitIfDue(): void {
    const isDue = isSubmitDue(this.#recorder.launches, this.#scopes.isOpen);
    if (isDue || this.#pool.isOverdue || this.#profiler?.full) this.#submit();
  }

  #submit(): void {
    this.#recorder.submit();
    this.#pool.collect();
    this.#bindings.collect();
  }

  async #submitAndWait(done: () => Promise<unknown>): Promise<void> {
    this.#submit();
    const launched = this.kernels.names.length;
    try {
      await done();
    } catch (error) {
      this.#errors.note(error instanceof Error ? error.message : String(error));
    }
    this.#errors.throwAny(this.name);
    this.kernels.noteRun(launched);
  }
}
