import { create } from 'webgpu';
import { SUBGROUP_MATRICES } from '../../src/tensor/gpu/requestDevice.js';

/** Kept for the life of the process, which ends if it is collected. */
const gpu = create(['backend=null', 'enable-dawn-features=allow_unsafe_apis']);

/**
 * A device of Dawn's null backend: it offers subgroup matrices on every machine and checks WGSL and pipelines as any device
 * does, but runs nothing and knows no sizes of matrices.
 */
export async function openNullDevice(): Promise<GPUDevice> {
  const adapter = await gpu.requestAdapter();
  const requiredFeatures = ['subgroups', 'shader-f16', SUBGROUP_MATRICES] as GPUFeatureName[];
  return adapter!.requestDevice({ requiredFeatures });
}
