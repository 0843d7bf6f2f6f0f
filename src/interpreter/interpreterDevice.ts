import { ensure } from '../errors.js';
import type { Device, DeviceFeatures, HostValues, KernelCall, KernelTime, MemoryStats } from '../tensor/device.js';
import { NO_FEATURES } from '../tensor/device.js';
import { FormTable } from '../tensor/formTable.js';
import { hostBytes } from '../tensor/gpu/hostBytes.js';
import type { KernelTexts } from '../tensor/gpu/kernelCache.js';
import { cutLaunch, gridOf } from '../tensor/gpu/launchPieces.js';
import { paramWords } from '../tensor/gpu/paramWords.js';
import { HostStorages } from '../tensor/hostStorages.js';
import { KernelLog } from '../tensor/kernelLog.js';
import { checkShape, elementCount, type Shape } from '../tensor/shape.js';
import {
  bytesOf,
  checkRowCopy,
  type DType,
  expectAlive,
  expectReadable,
  type Storage,
  Tensor,
} from '../tensor/tensor.js';
import type { InterpreterOptions } from './interpreterOptions.js';
import { type Compile, InterpretedKernel } from './kernel.js';
import { Order } from './run/order.js';

/** A tensor's storage: the words that an adapter's buffer would hold. */
interface WordStorage extends Storage {
  readonly words: Uint32Array;
}

/** What a kernel is told of memory that nobody has written: bits that are no number in any type of floats. */
const UNWRITTEN = 0xffffffff;

/** Where in a buffer a binding may begin, and workgroups in one dimension: what WebGPU guarantees. */
const [OFFSET_ALIGNMENT, MOST_WORKGROUPS] = [256, 65_535];

/** How a device is made, beside what the person who runs it chooses. */
export interface InterpreterSetup extends InterpreterOptions {
  /** What debuggers and findings call the file of a kernel. */
  readonly fileOf?: (kernel: string) => string;
  readonly compile?: Compile;
  /** Called with what a launch shows to be wrong; an error that says all of it is thrown where absent. */
  readonly onFindings?: (findings: ReturnType<InterpretedKernel['run']>, kernel: string) => void;
  readonly maxBindingBytes?: number;
  /** Workgroups in one dimension: a small number makes small launches use two, with workgroups left over. */
  readonly mostWorkgroups?: number;
  readonly availableBytes?: Device['availableBytes'];
}

/**
 * Runs the WGSL of every kernel itself, in JavaScript, line by line: slow, but each line can be stepped through, and what no
 * adapter tells is seen: races, accesses past an end, barriers that not all come to.
 */
export class InterpreterDevice implements Device {
  readonly kind = 'interpreter';
  readonly name: string;
  readonly features: DeviceFeatures;
  readonly forms = new FormTable();
  readonly kernels = new KernelLog();
  readonly maxTensorBytes = 2 ** 31;
  readonly maxBindingBytes: number;
  readonly availableBytes: Device['availableBytes'];
  #storages = new HostStorages();
  #made = new Map<string, InterpretedKernel>();
  #order: Order;
  #lanes: number;

  constructor(
    private readonly texts: KernelTexts,
    private readonly setup: InterpreterSetup = {},
  ) {
    const { subgroups = 0, largest = subgroups, matrices, seed = 1 } = setup;
    this.name = `interpreter (WGSL on the host, ${subgroups > 0 ? `subgroups of ${subgroups}` : 'no subgroups'})`;
    this.#lanes = subgroups;
    this.#order = new Order(seed);
    const sizes = { subgroups: subgroups > 0, minSubgroupSize: subgroups, maxSubgroupSize: largest };
    const limits = { workgroupBytes: 65_536, workgroupInvocations: 1024 };
    this.features = { ...NO_FEATURES, software: true, ...sizes, ...(matrices ? { matrices, ...limits } : {}) };
    this.maxBindingBytes = setup.maxBindingBytes ?? this.maxTensorBytes;
    this.availableBytes = setup.availableBytes;
  }

  get memory(): MemoryStats {
    return this.#storages.memory;
  }

  zeros(shape: Shape, dtype: DType = 'f32'): Tensor {
    return this.#filled(shape, dtype, 0);
  }

  upload(values: HostValues, shape: Shape, dtype: DType = values instanceof Uint32Array ? 'u32' : 'f32'): Tensor {
    checkShape(shape, 'tensor');
    return this.#wrap(new Uint32Array(hostBytes(values, shape, dtype).slice().buffer), shape, dtype);
  }

  async load(shape: Shape, dtype: DType, read: () => Promise<HostValues>): Promise<Tensor> {
    return this.upload(await read(), shape, dtype);
  }

  launch(call: KernelCall): Tensor {
    const { kernel, reads, output: wanted, outputType = 'f32' } = call;
    for (const tensor of reads) expectAlive(tensor, kernel);
    if (wanted instanceof Tensor) expectAlive(wanted, kernel);
    const output = wanted instanceof Tensor ? wanted : this.#filled(wanted as Shape, outputType, UNWRITTEN);
    ensure(!reads.some(({ storage }) => storage === output.storage), `${kernel}: a tensor is read and written at once`);
    const made = this.#kernel(call);
    const limits = { maxBytes: this.maxBindingBytes, alignment: OFFSET_ALIGNMENT, pieces: 1 };
    for (const { params, workgroups, bindings } of cutLaunch(call, output, limits)) {
      const bound = bindings.map(({ tensor, offset, size }) => {
        return (tensor.storage as WordStorage).words.subarray(offset / 4, (offset + size) / 4);
      });
      const found = made.run({
        bindings: [paramWords(params), ...bound],
        grid: gridOf(workgroups, this.setup.mostWorkgroups ?? MOST_WORKGROUPS),
        subgroupSize: this.#lanes,
        order: this.#order,
      });
      if (found.length > 0) this.#tell(found, kernel);
    }
    this.kernels.noteRun(this.kernels.names.length);
    return output;
  }

  updateRows(target: Tensor, toRow: number, source: Tensor, fromRow: number, rows: number): void {
    expectAlive(target, 'updateRows');
    expectAlive(source, 'updateRows');
    checkRowCopy(target, toRow, source, fromRow, rows);
    const words = bytesOf(target.dtype, target.size / target.shape[0]) / 4;
    const [from, to] = [source.storage, target.storage] as [WordStorage, WordStorage];
    to.words.set(from.words.subarray(fromRow * words, (fromRow + rows) * words), toRow * words);
  }

  async read(tensor: Tensor): Promise<Float32Array> {
    expectReadable(tensor, 'read', 'f32');
    return new Float32Array((tensor.storage as WordStorage).words.slice().buffer);
  }

  async readIndices(tensor: Tensor): Promise<Uint32Array> {
    expectReadable(tensor, 'readIndices', 'u32');
    return (tensor.storage as WordStorage).words.slice();
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

  #kernel({ kernel, overrides = {} }: KernelCall): InterpretedKernel {
    const key = kernel + JSON.stringify(overrides);
    const known = this.#made.get(key);
    if (known) return known;
    const { fileOf = (name: string) => `${name}.wgsl`, compile } = this.setup;
    const made = new InterpretedKernel(this.texts(kernel), overrides, fileOf(kernel), compile);
    this.#made.set(key, made);
    this.kernels.names.push(kernel);
    return made;
  }

  #tell(found: ReturnType<InterpretedKernel['run']>, kernel: string): void {
    if (!this.setup.onFindings) throw new Error(found.map(({ text }) => text).join('\n'));
    this.setup.onFindings(found, kernel);
  }

  #filled(shape: Shape, dtype: DType, word: number): Tensor {
    checkShape(shape, 'tensor');
    return this.#wrap(new Uint32Array(bytesOf(dtype, elementCount(shape)) / 4).fill(word), shape, dtype);
  }

  #wrap(words: Uint32Array, shape: Shape, dtype: DType): Tensor {
    const storage: WordStorage = this.#storages.add({ words }, words.byteLength);
    return new Tensor(this, shape, dtype, storage);
  }
}
