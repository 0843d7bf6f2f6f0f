import type { Device } from '../device.js';
import type { DeviceErrors } from './deviceErrors.js';
import type { Helpers } from './prepareTogether.js';

/** How a `GpuDevice` is made; `openDevice` says what each is. */
export interface GpuDeviceOptions {
  readonly profile?: boolean;
  readonly note?: string;
  readonly maxBindingBytes?: number;
  readonly operationsASecond?: number;
  readonly availableBytes?: Device['availableBytes'];
  readonly errors?: DeviceErrors;
  readonly helpers?: Helpers;
}
