import { type DeviceFeatures, NO_FEATURES } from '../device.js';
import { adapterKind } from './adapterKind.js';
import { SUBGROUP_MATRICES } from './requestDevice.js';

/** One entry of `GPUAdapterInfo.subgroupMatrixConfigs`: an M by K matrix times a K by N one. */
export interface SubgroupMatrixConfig {
  readonly M: number;
  readonly N: number;
  readonly K: number;
  readonly componentType: string;
  readonly resultComponentType: string;
}

/** What a WebGPU device has of the features that kernels make use of. */
export function featuresOf({
  features,
  adapterInfo,
  limits,
}: Pick<GPUDevice, 'features' | 'adapterInfo' | 'limits'>): DeviceFeatures {
  const software = adapterKind(adapterInfo) === 'gpu' ? {} : { software: true };
  if (!features.has('subgroups')) return { ...NO_FEATURES, ...software };
  const { subgroupMinSize, subgroupMaxSize } = adapterInfo;
  const known = { subgroups: true, minSubgroupSize: subgroupMinSize, maxSubgroupSize: subgroupMaxSize, ...software };
  // Kernels with matrices have four of the largest subgroups.
  const most = Math.min(limits.maxComputeInvocationsPerWorkgroup, limits.maxComputeWorkgroupSizeX);
  if (!(features as ReadonlySet<string>).has(SUBGROUP_MATRICES) || 4 * subgroupMaxSize > most) return known;
  const { subgroupMatrixConfigs = [] } = adapterInfo as { subgroupMatrixConfigs?: Iterable<SubgroupMatrixConfig> };
  const configs = [...subgroupMatrixConfigs];
  const has = (size: number, component: string) =>
    configs.some(
      ({ M, N, K, componentType, resultComponentType }) =>
        M === size && N === size && K === size && componentType === component && resultComponentType === 'f32',
    );
  if (has(8, 'f32')) return { ...known, matrices: 'f32' };
  if (has(16, 'f16') && features.has('shader-f16')) {
    const workgroupBytes = limits.maxComputeWorkgroupStorageSize;
    return { ...known, matrices: 'f16', workgroupBytes, workgroupInvocations: most };
  }
  return known;
}
