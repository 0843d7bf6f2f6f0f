import { type DeviceFeatures, NO_FEATURES } from './device.js';

/** What a WebGPU device has of the features that kernels make use of. */
export function featuresOf({ features, adapterInfo }: Pick<GPUDevice, 'features' | 'adapterInfo'>): DeviceFeatures {
  if (!features.has('subgroups')) return NO_FEATURES;
  const { subgroupMinSize, subgroupMaxSize } = adapterInfo;
  return { subgroups: true, minSubgroupSize: subgroupMinSize, maxSubgroupSize: subgroupMaxSize };
}
