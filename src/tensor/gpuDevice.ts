import { ensure, TokenTrimError } from '../errors.js';
import { BindingCache } from './bindingCache.js';
import type { Device, HostValues, KernelCall, KernelTime, MemoryStats } from './device.js';
import { DeviceErrors } from './deviceErrors.js';
import { featuresOf } from './deviceFeatures.js';
import { cutLaunch, gridOf } from './launchPieces.js';
import { PipelineCache } from './pipelines.js';
import { BufferPool } from './pool.js';
import { Profiler } from './profile.js';
import { ScopeStack } from './scope.js';
import { checkShape, elementCount, formatShape, type Shape } from './shape.js';
import { bytesOf, checkRowCopy, checkTensorBytes, type DType, type Storage, Tensor } from './tensor.js';
import { VariantTable } from './variantTable.js';

/** Launches recorded before a submit hands them to the adapter, so that it starts while the host still records. */
export const LAUNCHES_PER_SUBMIT = 64;

/** Dawn keeps a copy of what was written into a mapped buffer until a submit: loading a model pauses after this many bytes. */
const MAX_LOADED_BYTES = 128 * 2 ** 20;

const READBACK_USAGE = 0x01 | 0x08; // MAP_READ | COPY_DST

/** Records launches on a WebGPU device; nothing waits until values are read. */
export class GpuDevice implements Device {
  readonly kind = 'gpu';
  readonly features: Device['features'];
  readonly variants = new VariantTable();
  readonly maxTensorBytes: number;
  readonly maxBindingBytes: number;
  readonly note: string | undefined;
  #pool: BufferPool;
  #pipelines: PipelineCache;
  #bindings: BindingCache;
  #scopes = new ScopeStack();
  #profiler: Profiler | undefined;
  #encoder: GPUCommandEncoder | undefined;
  #pass: GPUComputePassEncoder | undefined;
  #launches = 0;
  #loadedBytes = 0; // since the last wait
  #errors: DeviceErrors;

  constructor(
    private readonly device: GPUDevice,
    readonly name: string,
    options: { profile?: boolean; note?: string; maxBindingBytes?: number; errors?: DeviceErrors } = {},
  ) {
    const { maxBufferSize, maxStorageBufferBindingSize } = device.limits;
    this.maxTensorBytes = maxBufferSize;
    this.maxBindingBytes = Math.min(maxStorageBufferBindingSize, options.maxBindingBytes ?? maxBufferSize);
    this.features = featuresOf(device);
    this.note = options.note;
    this.#pool = new BufferPool(device);
    this.#errors = options.errors ?? new DeviceErrors();
    this.#pipelines = new PipelineCache(device, (message) => this.#errors.note(message, true));
    this.#bindings = new BindingCache(device);
    if (options.profile && device.features.has('timestamp-query')) this.#profiler = new Profiler(device);
    device.onuncapturederror = (event) => this.#errors.note(event.error.message);
  }

  get memory(): MemoryStats {
    const { buffers, bytes, peakBytes, liveStorages } = this.#pool;
    return { buffers, bytes, peakBytes, liveStorages };
  }

  zeros(shape: Shape, dtype: DType = 'f32'): Tensor {
    const tensor = this.#allocate(shape, dtype);
    this.#endPass();
    this.#commands().clearBuffer(tensor.storage.buffer as GPUBuffer, 0, bytesOf(dtype, tensor.size));
    return tensor;
  }

  upload(values: HostValues, shape: Shape, dtype: DType = values instanceof Uint32Array ? 'u32' : 'f32'): Tensor {
    this.#checkSize(shape, dtype);
    if (values.length !== elementCount(shape)) {
      throw new TokenTrimError(
        `upload: ${formatShape(shape)} needs ${elementCount(shape)} values, found ${values.length}`,
      );
    }
    const exact = values instanceof Float64Array ? Float32Array.from(values) : values;
    const bytes = new Uint8Array(exact.buffer, exact.byteOffset, exact.byteLength);
    return this.#track(new Tensor(this, shape, dtype, this.#pool.exact(bytes.byteLength, bytes)));
  }

  async load(shape: Shape, dtype: DType, read: () => Promise<HostValues>): Promise<Tensor> {
    this.#checkSize(shape, dtype);
    const tensor = this.upload(await read(), shape, dtype);
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
    const { minStorageBufferOffsetAlignment: alignment } = this.device.limits;
    const kernel = this.#pipelines.get(call.kernel, call.overrides);
    for (const { params, workgroups, bindings } of cutLaunch(call, output, this.maxBindingBytes, alignment)) {
      const uniform = this.#bindings.uniform(params);
      const ids = bindings.map(({ tensor, offset, size }) => `${tensor.storage.id}/${offset}/${size}`);
      const storages = bindings.map(({ tensor }) => tensor.storage);
      const group = this.#bindings.group(`${kernel.key}:${uniform.id}:${ids.join()}`, kernel.layout, storages, () => [
        { binding: 0, resource: { buffer: uniform.buffer } },
        ...bindings.map(({ tensor, offset, size }, index) => ({
          binding: index + 1,
          resource: { buffer: tensor.storage.buffer as GPUBuffer, offset, size },
        })),
      ]);
      this.#dispatch(call.kernel, kernel.pipeline, group, workgroups);
    }
    return output;
  }

  #dispatch(name: string, pipeline: GPUComputePipeline, group: GPUBindGroup, workgroups: number): void {
    if (this.#profiler) this.#endPass();
    this.#pass ??= this.#commands().beginComputePass(
      this.#profiler ? { timestampWrites: this.#profiler.stamp(name) } : {},
    );
    this.#pass.setPipeline(pipeline);
    this.#pass.setBindGroup(0, group);
    this.#pass.dispatchWorkgroups(...gridOf(workgroups, this.device.limits.maxComputeWorkgroupsPerDimension));
    if (++this.#launches >= LAUNCHES_PER_SUBMIT || this.#pool.isOverdue || this.#profiler?.full) this.#submit();
  }

  updateRows(target: Tensor, toRow: number, source: Tensor, fromRow: number, rows: number): void {
    expectAlive(target, 'updateRows');
    expectAlive(source, 'updateRows');
    checkRowCopy(target, toRow, source, fromRow, rows);
    const rowBytes = bytesOf(target.dtype, target.size / target.shape[0]);
    this.#endPass();
    this.#commands().copyBufferToBuffer(
      source.storage.buffer as GPUBuffer,
      fromRow * rowBytes,
      target.storage.buffer as GPUBuffer,
      toRow * rowBytes,
      rows * rowBytes,
    );
  }

  async read(tensor: Tensor): Promise<Float32Array> {
    expectAlive(tensor, 'read');
    ensure(tensor.dtype === 'f32', `read: expected an f32 tensor, found ${tensor.dtype}`);
    return new Float32Array(await this.#readBytes(tensor));
  }

  async readIndices(tensor: Tensor): Promise<Uint32Array> {
    expectAlive(tensor, 'readIndices');
    ensure(tensor.dtype === 'u32', `readIndices: expected a u32 tensor, found ${tensor.dtype}`);
    return new Uint32Array(await this.#readBytes(tensor));
  }

  scope<Result>(body: () => Result): Result {
    return this.#scopes.run(body, (storage) => this.free(storage));
  }

  free(storage: Storage): void {
    if (!storage.freed && !storage.pooled) this.#bindings.forget(storage);
    this.#pool.release(storage);
  }

  async synchronize(): Promise<void> {
    this.#submit();
    await this.device.queue.onSubmittedWorkDone();
    this.#errors.throwAny(this.name);
  }

  async kernelTimes(): Promise<KernelTime[]> {
    await this.synchronize();
    return this.#profiler?.times() ?? [];
  }

  close(): void {
    this.#encoder = this.#pass = undefined;
    this.device.destroy();
  }

  async #readBytes(tensor: Tensor): Promise<ArrayBuffer> {
    const byteLength = bytesOf(tensor.dtype, tensor.size);
    const staging = this.device.createBuffer({ size: byteLength, usage: READBACK_USAGE });
    this.#endPass();
    this.#commands().copyBufferToBuffer(tensor.storage.buffer as GPUBuffer, 0, staging, 0, byteLength);
    this.#submit();
    try {
      await staging.mapAsync(0x01 /* READ */);
    } catch (error) {
      this.#errors.note(error instanceof Error ? error.message : String(error));
    }
    try {
      this.#errors.throwAny(this.name);
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

  #commands(): GPUCommandEncoder {
    this.#encoder ??= this.device.createCommandEncoder();
    return this.#encoder;
  }

  #endPass(): void {
    this.#pass?.end();
    this.#pass = undefined;
  }

  #submit(): void {
    this.#endPass();
    this.#launches = 0;
    if (this.#encoder) {
      const collect = this.#profiler?.resolve(this.#encoder);
      this.device.queue.submit([this.#encoder.finish()]);
      this.#encoder = undefined;
      collect?.();
    }
    this.#pool.collect();
    this.#bindings.collect();
  }
}

/** A freed buffer may already be another tensor's: reading it would give that one's values. */
function expectAlive(tensor: Tensor, kernel: string): void {
  if (tensor.storage.freed) throw new TokenTrimError(`${kernel}: a tensor was used after it was freed`);
}
