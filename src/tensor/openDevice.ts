import { findAdapter } from './adapter/findAdapter.js';
import { openGpuDevice } from './adapter/openGpuDevice.js';
import type { Device } from './device.js';
import { DeviceErrors } from './deviceErrors.js';
import { GpuDevice } from './gpuDevice.js';
import { ReferenceDevice } from './referenceDevice.js';

/**
 * Opens the device that tensors live on.
 * @param options.adapter `gpu`, `lavapipe`, `swiftshader`, `reference` or part of an adapter's name; the environment
 *   variable `TOKENTRIM_ADAPTER`, then the best adapter there is, where absent
 * @param options.profile time every kernel (slower: one pass a launch)
 * @param options.maxBindingBytes a lower limit than the adapter's own: what a run does on smaller adapters
 * @throws TokenTrimError where no such adapter exists
 */
export async function openDevice(
  options: { adapter?: string; profile?: boolean; maxBindingBytes?: number } = {},
): Promise<Device> {
  const request = options.adapter ?? (process.env.TOKENTRIM_ADAPTER || undefined);
  if (request === 'reference') return new ReferenceDevice();
  const found = await findAdapter(request);
  const errors = new DeviceErrors();
  const device = await openGpuDevice(found, { onLost: ({ message }) => errors.note(message, true) });
  return new GpuDevice(device, found.name, { ...options, note: found.note, errors });
}
