import { type KernelCode, KernelLog, type PlannedKernel } from '../kernelLog.js';

type Constants = NonNullable<KernelCode['overrides']>;

const NO_CONSTANTS: Constants = {};

/** A kernel ready to be launched, and where its numbered bindings end. */
export interface Kernel {
  /** Stands for the name and the override constants. */
  readonly id: number;
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** The WGSL of a kernel by its name, such as `linear.tiled`: files of `src/kernels` in Node, generated text modules in a page. */
export type KernelTexts = (name: string) => string;

/** Compute pipelines by kernel name and override constants; each is made once for the life of the device. */
export class KernelCache {
  #kernels = new Map<string, { readonly constants: Constants; readonly kernel: Kernel }[]>(); // by name
  #modules = new Map<string, GPUShaderModule>();
  #count = 0;

  constructor(
    private readonly device: GPUDevice,
    private readonly texts: KernelTexts,
    private readonly log: KernelLog,
    private readonly onError: (message: string) => void,
  ) {}

  /** An empty one for another device, with the same texts. */
  like(device: GPUDevice): KernelCache {
    return new KernelCache(device, this.texts, new KernelLog(), () => undefined);
  }

  get(name: string, constants: Constants = NO_CONSTANTS): Kernel {
    return this.#find(name, constants) ?? this.#compile(name, constants);
  }

  /**
   * Makes kernels on Dawn's own threads while this one reads weights, and has the driver compile them: 5 ms each otherwise,
   * or seconds in all where the driver does not know them, in the way of the first block. One that Dawn refuses, or that is
   * needed before it is ready, is left to `get`.
   */
  async prepare(codes: Iterable<PlannedKernel>): Promise<void> {
    const wanted = [...codes].filter(({ kernel, overrides }) => !this.#find(kernel, overrides ?? NO_CONSTANTS));
    const made: MadeKernel[] = [];
    const making = wanted.map(async ({ kernel: name, overrides: constants = NO_CONSTANTS, reads }) => {
      try {
        this.device.pushErrorScope('validation');
        const pipeline = this.device.createComputePipelineAsync(this.#descriptor(name, constants));
        this.device.popErrorScope().catch(() => undefined);
        made.push({ kernel: this.#add(name, constants, await pipeline), reads });
      } catch {
        this.#modules.delete(name); // so that `get` meets the mistake in it again and tells
      }
    });
    await Promise.all(making);
    runOnNothing(this.device, made);
  }

  #find(name: string, constants: Constants): Kernel | undefined {
    return this.#kernels.get(name)?.find((entry) => isEqual(entry.constants, constants))?.kernel;
  }

  #compile(name: string, constants: Constants): Kernel {
    this.device.pushErrorScope('validation');
    const kernel = this.#add(name, constants, this.device.createComputePipeline(this.#descriptor(name, constants)));
    this.device
      .popErrorScope()
      .then((error) => error && this.onError(`kernel ${name} does not compile on this adapter: ${error.message}`))
      .catch(() => undefined);
    return kernel;
  }

  #add(name: string, constants: Constants, pipeline: GPUComputePipeline): Kernel {
    const known = this.#find(name, constants); // made meanwhile
    if (known) return known;
    const kernel = { id: this.#count++, pipeline, layout: pipeline.getBindGroupLayout(0) };
    const entry = { constants, kernel };
    const others = this.#kernels.get(name);
    if (others) others.push(entry);
    else this.#kernels.set(name, [entry]);
    this.log.names.push(name);
    return kernel;
  }

  #descriptor(name: string, constants: Constants): GPUComputePipelineDescriptor {
    let module = this.#modules.get(name);
    if (!module) {
      module = this.device.createShaderModule({ label: `${name}.wgsl`, code: this.texts(name) });
      this.#modules.set(name, module);
    }
    return { label: name, layout: 'auto', compute: { module, entryPoint: 'main', constants: { ...constants } } };
  }
}

/** Whether two sets hold the same constants. */
function isEqual(left: Constants, right: Constants): boolean {
  for (const name in left) if (left[name] !== right[name]) return false;
  for (const name in right) if (!(name in left)) return false;
  return true;
}

/** A kernel and the number of tensors that it reads. */
interface MadeKernel {
  readonly kernel: Kernel;
  readonly reads: number;
}

/** Large enough for one element of any binding. */
const ELEMENT_BYTES = 256;

/**
 * Launches each kernel once with parameters of zero: no row lies within its bounds, so it does nothing, but the driver
 * compiles it, or finds it in its cache, which it else does before the first block.
 */
function runOnNothing(device: GPUDevice, kernels: readonly MadeKernel[]): void {
  if (kernels.length === 0) return;
  const buffer = (usage: number) => device.createBuffer({ size: ELEMENT_BYTES, usage });
  const params = buffer(0x40 /* UNIFORM */);
  const source = buffer(0x80 /* STORAGE */);
  const target = buffer(0x80);
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  for (const { kernel, reads } of kernels) {
    const buffers = [params, ...Array<GPUBuffer>(reads).fill(source), target];
    const entries = buffers.map((bound, binding) => ({ binding, resource: { buffer: bound } }));
    pass.setPipeline(kernel.pipeline);
    pass.setBindGroup(0, device.createBindGroup({ layout: kernel.layout, entries }));
    pass.dispatchWorkgroups(1);
  }
  pass.end();
  device.queue.submit([encoder.finish()]);
  for (const used of [params, source, target]) used.destroy();
}
