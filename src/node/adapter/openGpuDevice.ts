import type { TokenTrimError } from '../../errors.js';
import { requestDevice } from '../../tensor/gpu/requestDevice.js';
import type { FoundAdapter } from './findAdapter.js';

export interface OpenGpuDeviceOptions {
  /** The device's label in Dawn's messages. */
  readonly label?: string;
  /** Called once if the device is lost without having been destroyed; a warning of the process where absent. */
  readonly onLost?: (error: TokenTrimError) => void;
}

/** What to do where a device is refused or lost, by options of the command line. */
export const ADVICE = {
  refused: 'Close other programs that use it, or pick another adapter with --adapter (see `tokentrim doctor`).',
  lost:
    'Run again with a smaller size and with other programs closed; where the watchdog is to blame, give it more time ' +
    '(TdrDelay on Windows, amdgpu.lockup_timeout on Linux). --adapter swiftshader rules the driver out.',
};

/**
 * Opens a device with the adapter's own maxima and the optional features it has.
 *
 * @throws TokenTrimError if the driver refuses, which happens when another process holds all of its memory.
 */
export function openGpuDevice({ adapter, name }: FoundAdapter, options: OpenGpuDeviceOptions = {}): Promise<GPUDevice> {
  const { label, onLost = ({ message }) => process.emitWarning(message) } = options;
  return requestDevice(adapter, { name, label, onLost, advice: ADVICE });
}
