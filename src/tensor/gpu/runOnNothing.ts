import type { Kernel } from './kernelCache.js';

/** A kernel and the number of tensors that it reads. */
export interface MadeKernel {
  readonly kernel: Kernel;
  readonly reads: number;
}

/** Large enough for one element of any binding. */
const BYTES = 256;

/**
 * Launches each kernel once with parameters of zero: no row lies within its bounds, so it does nothing, but the driver
 * compiles it, or finds it in its cache, which it else does before the first block.
 */
export function runOnNothing(device: GPUDevice, kernels: readonly MadeKernel[]): void {
  if (kernels.length === 0) return;
  const buffer = (usage: number) => device.createBuffer({ size: BYTES, usage });
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
