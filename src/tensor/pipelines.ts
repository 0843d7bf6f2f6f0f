import { readFileSync } from 'node:fs';

/** A compiled kernel and where its numbered bindings end. */
export interface Kernel {
  /** Name and override constants. */
  readonly key: string;
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** The WGSL text of a kernel; `<name>.wgsl` lies beside its launcher in `src/kernels`. */
function kernelSource(name: string): string {
  return readFileSync(new URL(`../kernels/${name}.wgsl`, import.meta.url), 'utf8');
}

/** Compute pipelines by kernel name and override constants; each is compiled once for the life of the device. */
export class PipelineCache {
  #kernels = new Map<string, Kernel>();
  #modules = new Map<string, GPUShaderModule>();

  constructor(
    private readonly device: GPUDevice,
    private readonly onError: (message: string) => void,
  ) {}

  get size(): number {
    return this.#kernels.size;
  }

  get(name: string, overrides: Readonly<Record<string, number>> = {}): Kernel {
    const key = name + JSON.stringify(overrides);
    let kernel = this.#kernels.get(key);
    if (!kernel) {
      kernel = this.#compile(key, name, overrides);
      this.#kernels.set(key, kernel);
    }
    return kernel;
  }

  #compile(key: string, name: string, overrides: Readonly<Record<string, number>>): Kernel {
    let module = this.#modules.get(name);
    this.device.pushErrorScope('validation');
    if (!module) {
      module = this.device.createShaderModule({ label: `${name}.wgsl`, code: kernelSource(name) });
      this.#modules.set(name, module);
    }
    const pipeline = this.device.createComputePipeline({
      label: name,
      layout: 'auto',
      compute: { module, entryPoint: 'main', constants: { ...overrides } },
    });
    const layout = pipeline.getBindGroupLayout(0);
    this.device
      .popErrorScope()
      .then((error) => error && this.onError(`kernel ${name} does not compile on this adapter: ${error.message}`))
      .catch(() => undefined);
    return { key, pipeline, layout };
  }
}
