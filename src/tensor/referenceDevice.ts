import {
  type Device,
  type HostValues,
  type KernelCall,
  type KernelTime,
  type MemoryStats,
  NO_FEATURES,
} from './device.js';
import { FormTable } from './formTable.js';
import { checkCount } from './gpu/hostBytes.js';
import { HostStorages } from './hostStorages.js';
import { KernelLog } from './kernelLog.js';
import { checkShape, elementCount, type Shape } from './shape.js';
import { bfloat16ToFloat32, halfToFloat32 } from './sixteenBit.js';
import { checkRowCopy, type DType, type Storage, Tensor } from './tensor.js';

/** Runs every op in its float64 twin on the host: no adapter, slow, and each line can be stepped through. */
export class ReferenceDevice implements Device {
  readonly kind = 'reference';
  readonly name = 'reference (float64 on the host)';
  readonly features = NO_FEATURES;
  readonly forms = new FormTable();
  readonly kernels = new KernelLog();
  readonly maxTensorBytes = Number.MAX_SAFE_INTEGER;
  readonly maxBindingBytes = Number.MAX_SAFE_INTEGER;
  readonly availableBytes: Device['availableBytes'];
  #storages = new HostStorages();

  constructor(options: Pick<Device, 'availableBytes'> = {}) {
    this.availableBytes = options.availableBytes;
  }

  get memory(): MemoryStats {
    return this.#storages.memory;
  }

  zeros(shape: Shape, dtype: DType = 'f32'): Tensor {
    checkShape(shape, 'tensor');
    const count = elementCount(shape);
    return this.#wrap(dtype === 'u32' ? new Uint32Array(count) : new Float64Array(count), shape, dtype);
  }

  upload(values: HostValues, shape: Shape, dtype: DType = values instanceof Uint32Array ? 'u32' : 'f32'): Tensor {
    checkShape(shape, 'tensor');
    checkCount(values, shape);
    if (dtype === 'u32') return this.#wrap(Uint32Array.from(values), shape, dtype);
    const widen = dtype === 'bf16' ? bfloat16ToFloat32 : halfToFloat32;
    return this.#wrap(new Float64Array(values instanceof Uint16Array ? widen(values) : values), shape, dtype);
  }

  async load(shape: Shape, dtype: DType, read: () => Promise<HostValues>): Promise<Tensor> {
    return this.upload(await read(), shape, dtype);
  }

  launch(call: KernelCall): Tensor {
    const result = call.twin();
    if (call.output instanceof Tensor) return call.output;
    return this.#wrap(result.data, call.output as Shape, call.outputType ?? 'f32');
  }

  updateRows(target: Tensor, toRow: number, source: Tensor, fromRow: number, rows: number): void {
    checkRowCopy(target, toRow, source, fromRow, rows);
    const width = target.size / target.shape[0];
    target.host.data.set(source.host.data.subarray(fromRow * width, (fromRow + rows) * width), toRow * width);
  }

  async read(tensor: Tensor): Promise<Float64Array> {
    return tensor.host.data.slice();
  }

  async readIndices(tensor: Tensor): Promise<Uint32Array> {
    return tensor.hostIndices.slice();
  }

  scope<Result>(body: () => Result): Result {
    return this.#storages.scope(body, (storage) => this.free(storage));
  }

  free(storage: Storage): void {
    this.#storages.free(storage);
  }

  async synchronize(): Promise<void> {}

  async prepareKernels(): Promise<void> {}

  async kernelTimes(): Promise<KernelTime[]> {
    return [];
  }

  close(): void {}

  #wrap(data: Float64Array | Uint32Array, shape: Shape, dtype: DType): Tensor {
    return new Tensor(this, shape, dtype, this.#storages.add({ data }, data.byteLength));
  }
}
