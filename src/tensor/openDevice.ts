import { checkOptions, optionsOf } from '../options/checkOptions.js';
import { count, flag, text } from '../options/fields.js';
import { findAdapter } from './adapter/findAdapter.js';
import { openGpuDevice } from './adapter/openGpuDevice.js';
import type { Device } from './device.js';
import { DeviceErrors } from './deviceErrors.js';
import { GpuDevice } from './gpuDevice.js';
import { ReferenceDevice } from './referenceDevice.js';
import { parseVariant } from './variantTable.js';

/** Which adapter a device is opened on, and how. */
export interface OpenDeviceOptions {
  /**
   * `gpu`, `lavapipe`, `swiftshader`, `reference` or part of an adapter's name; the environment variable
   * `TOKENTRIM_ADAPTER`, then the best adapter there is, where absent.
   */
  readonly adapter?: string;
  /**
   * The form of kernels to use wherever it fits (`plain`, `subgroup`, `tiled`, `matrix`); the environment variable
   * `TOKENTRIM_KERNELS`, then `auto`, where absent: for each problem the form that is expected to be the best, or the one
   * that `tuneKernels` found to be.
   */
  readonly kernels?: string;
  /** Time every kernel (slower: one pass a launch). */
  readonly profile?: boolean;
  /** A lower limit than the adapter's own: what a run does on smaller adapters. */
  readonly maxBindingBytes?: number;
}

const deviceSchema = optionsOf<OpenDeviceOptions>()({
  adapter: text.optional(),
  kernels: text.optional(),
  profile: flag.optional(),
  maxBindingBytes: count(1).optional(),
});

/**
 * Opens the device that tensors live on.
 * @throws TokenTrimError where no such adapter exists
 */
export async function openDevice(options: OpenDeviceOptions = {}): Promise<Device> {
  checkOptions('openDevice', deviceSchema, options);
  const forced = parseVariant(options.kernels ?? process.env.TOKENTRIM_KERNELS);
  const request = options.adapter ?? (process.env.TOKENTRIM_ADAPTER || undefined);
  if (request === 'reference') return new ReferenceDevice();
  const found = await findAdapter(request);
  const errors = new DeviceErrors();
  const device = await openGpuDevice(found, { onLost: ({ message }) => errors.note(message, true) });
  const openHelper =
    found.kind === 'lavapipe'
      ? async () => openGpuDevice(await findAdapter(request), { onLost: () => undefined })
      : undefined;
  const opened = new GpuDevice(device, found.name, { ...options, note: found.note, errors, openHelper });
  opened.variants.forced = forced;
  opened.variants.adapter = { name: found.name, driver: found.description };
  return opened;
}
