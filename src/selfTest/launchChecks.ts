import { wordValues } from '../tensor/describeTensor.js';
import type { Device, KernelCall } from '../tensor/device.js';
import { bytesOf, type DType, type Storage, Tensor } from '../tensor/tensor.js';
import { formatLaunch } from '../tensor/watchLaunches.js';
import { type Agreement, agreement } from './agreement.js';

/** What became of one launch: a kernel on tensors of some shapes, the first time that it was met. */
export interface LaunchCheck extends Agreement {
  /** Name of its WGSL file: `linear.subgroup`. */
  readonly kernel: string;
  /** `[48, 128] f32, [512, 128] f16 -> [48, 512] f32`. */
  readonly shapes: string;
}

/** A launch that waits for its values to come back from the device. */
interface Pending {
  readonly call: KernelCall;
  readonly output: Tensor;
  readonly shapes: string;
  /** Of every storage that it reads, or writes into, as they were before the launch. */
  readonly before: readonly (readonly [Storage, DType, number, Promise<Uint32Array>])[];
  readonly after: Promise<Uint32Array>;
}

/** The twins do some 10^8 operations a second: what takes longer than some seconds is left out, and said. */
const MOST_OPERATIONS = 2e9;

/**
 * Compares launches of a GPU device with their float64 twins, on the very values that the launches had: each kernel once for
 * each combination of shapes and constants. A twin is a function of the same tensors, which for that moment are given the
 * values that were read back from the device.
 */
export class LaunchChecks {
  readonly checks: LaunchCheck[] = [];
  /** Launches that are too much work for a twin, as `kernel shapes`. */
  readonly leftOut: string[] = [];
  readonly #met = new Set<string>();
  #pending: Pending[] = [];
  #launch: Device['launch'] | undefined;

  constructor(private readonly device: Device) {
    const launch = device.launch.bind(device);
    this.#launch = device.launch;
    device.launch = (call) => this.#watched(call, launch);
  }

  /** Compares what was launched since this was last called. */
  async settle(): Promise<void> {
    for (const { call, output, shapes, before, after } of this.#pending.splice(0)) {
      const values = await Promise.all(
        before.map(async ([storage, dtype, size, words]) => [storage, unpack(await words, dtype, size)] as const),
      );
      const found = unpack(await after, output.dtype, output.size);
      const expected = lending(new Map(values), () => {
        const { data } = call.twin();
        return call.output instanceof Tensor ? (output.storage.data as typeof data).slice() : data;
      });
      this.checks.push({ kernel: call.kernel, shapes, ...agreement(call.kernel, output.dtype, found, expected) });
    }
  }

  /** Leaves out what was launched since then, by a run that failed. */
  forget(): void {
    this.#pending = [];
  }

  /** Stops watching. */
  release(): void {
    if (this.#launch) this.device.launch = this.#launch;
    this.#launch = undefined;
    this.forget();
  }

  #watched(call: KernelCall, launch: Device['launch']): Tensor {
    const shapesBefore = call.reads.map(({ shape, dtype }) => `${shape} ${dtype}`).join();
    const key = JSON.stringify([call.kernel, shapesBefore, call.overrides]);
    if (this.#met.has(key)) return launch(call);
    this.#met.add(key);
    if ((call.operations ?? 0) > MOST_OPERATIONS) {
      const made = launch(call);
      this.leftOut.push(`${call.kernel} ${formatLaunch(call, made)}`);
      return made;
    }
    const given = call.output instanceof Tensor ? [...call.reads, call.output] : call.reads;
    const once = given.filter(({ storage }, index) => given.findIndex((each) => each.storage === storage) === index);
    const before = once.map(({ storage, dtype }) => {
      const size = sizeOf(storage, dtype, given);
      return [storage, dtype, size, this.#words(storage, dtype, size)] as const;
    });
    const output = launch(call);
    const after = this.#words(output.storage, output.dtype, output.size);
    this.#pending.push({ call, output, shapes: formatLaunch(call, output), before, after });
    return output;
  }

  /** Reading begins now, so the values are those of this moment, whatever is launched after it. */
  #words(storage: Storage, dtype: DType, size: number): Promise<Uint32Array> {
    const words = bytesOf(dtype, size) / 4;
    const reading = this.device.readIndices(new Tensor(this.device, [words], 'u32', storage));
    reading.catch(() => undefined); // it is awaited later, or what comes before fails for the same reason
    return reading;
  }
}

/** Elements of a storage, of which several tensors may be views. */
function sizeOf(storage: Storage, dtype: DType, tensors: readonly Tensor[]): number {
  return Math.max(
    ...tensors.filter((each) => each.storage === storage && each.dtype === dtype).map(({ size }) => size),
  );
}

/** Runs `body` while storages seem to lie on the host, with these values. */
function lending<Result>(values: ReadonlyMap<Storage, Float64Array | Uint32Array>, body: () => Result): Result {
  const storages = [...values.keys()] as { data?: Float64Array | Uint32Array; freed: boolean }[];
  const freed = storages.map((storage) => storage.freed);
  for (const storage of storages) {
    storage.data = values.get(storage as Storage);
    storage.freed = false;
  }
  try {
    return body();
  } finally {
    for (const [index, storage] of storages.entries()) {
      delete storage.data;
      storage.freed = freed[index];
    }
  }
}

/** The elements that a buffer's words hold, as a twin takes them. */
function unpack(words: Uint32Array, dtype: DType, size: number): Float64Array | Uint32Array {
  return dtype === 'u32' ? words : new Float64Array(wordValues(words, dtype, size));
}
