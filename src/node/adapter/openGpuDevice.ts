import { TokenTrimError } from '../../errors.js';
import { SUBGROUP_MATRICES } from '../../tensor/gpu/subgroupMatrices.js';
import type { FoundAdapter } from './findAdapter.js';

/** WebGPU grants default limits unless more is asked for; these are the ones that kernels on large tensors meet. */
const LIMITS = [
  'maxStorageBufferBindingSize',
  'maxBufferSize',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
  'maxComputeWorkgroupsPerDimension',
  'maxStorageBuffersPerShaderStage',
] as const;

/** Used where they exist, required nowhere. */
const FEATURES: readonly string[] = ['timestamp-query', 'shader-f16', 'subgroups', SUBGROUP_MATRICES];

export interface OpenGpuDeviceOptions {
  /** The device's label in Dawn's messages. */
  readonly label?: string;
  /** Called once if the device is lost without having been destroyed; a warning of the process where absent. */
  readonly onLost?: (error: TokenTrimError) => void;
}

/**
 * Opens a device with the adapter's own maxima and the optional features it has.
 *
 * @throws TokenTrimError if the driver refuses, which happens when another process holds all of its memory.
 */
export async function openGpuDevice(found: FoundAdapter, options: OpenGpuDeviceOptions = {}): Promise<GPUDevice> {
  const { adapter } = found;
  const device = await adapter
    .requestDevice({
      label: options.label ?? 'tokentrim',
      requiredLimits: Object.fromEntries(LIMITS.map((limit) => [limit, adapter.limits[limit]])),
      requiredFeatures: FEATURES.filter((feature) => adapter.features.has(feature)) as GPUFeatureName[],
    })
    .catch((error: Error) => {
      throw new TokenTrimError(
        `${found.name} refused a device with its own limits: ${firstLine(error.message)}. ` +
          'Close other programs that use it, or pick another adapter with --adapter (see `tokentrim doctor`).',
      );
    });
  // The two are the same by the specification, but Dawn's binding tells of matrices in the adapter's alone.
  Object.defineProperty(device, 'adapterInfo', { value: adapter.info });
  device.lost.then(({ reason, message }) => {
    if (reason === 'destroyed') return;
    const onLost = options.onLost ?? ((error: TokenTrimError) => process.emitWarning(error.message));
    onLost(lostError(found.name, message));
  });
  return device;
}

export function lostError(name: string, message: string): TokenTrimError {
  return new TokenTrimError(
    `${name} stopped responding and its device is lost: ${firstLine(message) || 'its driver gives no reason'}. The usual causes are too little memory, ` +
      "a kernel past the driver's time limit, or a driver reset. Run again with a smaller size, or with --adapter " +
      'swiftshader to rule the driver out.',
  );
}

function firstLine(message: string): string {
  return message.trim().split('\n')[0];
}
