import { TokenTrimError } from '../../errors.js';

/** Dawn's name for the feature that lets a subgroup multiply matrices. */
export const SUBGROUP_MATRICES = 'chromium-experimental-subgroup-matrix';

/**
 * What Dawn wants to hear before it tells of the feature: the first toggle is for all that it calls experimental, the second
 * for f16 on NVIDIA under Vulkan, where the matrices are of f16. No other feature that they uncover is asked for.
 * Source: Dawn, src/dawn/native/PhysicalDevice.cpp and vulkan/PhysicalDeviceVk.cpp, ValidateFeatureSupportedWithToggles.
 */
export const SUBGROUP_MATRIX_OPTIONS = ['enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia'];

/** Dawn rounds time stamps to 65 microseconds, which is longer than many kernels take. */
export const EXACT_TIMESTAMPS = ['disable-dawn-features=timestamp_quantization'];

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

/** How a device is asked for. */
export interface DeviceRequest {
  /** The adapter's name, for messages. */
  readonly name: string;
  /** The device's label in WebGPU's messages; `tokentrim` where absent. */
  readonly label?: string;
  /** What to do about a driver that refuses, and about one that gives up later: sentences that end a message. */
  readonly advice: { readonly refused: string; readonly lost: string };
  /** Called once if the device is lost without having been destroyed. */
  readonly onLost: (error: TokenTrimError) => void;
}

/**
 * A device with the adapter's own maxima and the optional features it has.
 *
 * @throws TokenTrimError if the driver refuses, which happens when another process holds all of its memory.
 */
export async function requestDevice(adapter: GPUAdapter, request: DeviceRequest): Promise<GPUDevice> {
  const { name, label = 'tokentrim', advice, onLost } = request;
  const device = await adapter
    .requestDevice({
      label,
      requiredLimits: Object.fromEntries(LIMITS.map((limit) => [limit, adapter.limits[limit]])),
      requiredFeatures: FEATURES.filter((feature) => adapter.features.has(feature)) as GPUFeatureName[],
    })
    .catch((error: Error) => {
      throw new TokenTrimError(
        `${name} refused a device with its own limits: ${firstLine(error.message)}. ${advice.refused}`,
      );
    });
  // The two are the same by the specification, but Dawn's binding for Node tells of matrices in the adapter's alone.
  Object.defineProperty(device, 'adapterInfo', { value: adapter.info });
  device.lost.then(({ reason, message }) => {
    if (reason !== 'destroyed') onLost(lostError(name, message, advice.lost));
  });
  return device;
}

/** What a lost device is told as. */
export function lostError(name: string, message: string, advice: string): TokenTrimError {
  return new TokenTrimError(
    `${name} stopped responding and its device is lost: ${firstLine(message) || 'its driver gives no reason'}. The usual ` +
      "causes are too little memory, the driver's watchdog, which ends work that keeps a card for some seconds (other " +
      `programs' work on it counts), or a driver reset. ${advice}`,
  );
}

function firstLine(message: string): string {
  return message.trim().split('\n')[0];
}
