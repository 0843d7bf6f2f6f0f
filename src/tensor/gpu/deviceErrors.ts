import { TokenTrimError } from '../../errors.js';

/**
 * What went wrong in callbacks that Dawn makes, which cannot throw: the next call that waits for the device throws it, the
 * first cause first.
 */
export class DeviceErrors {
  #messages: string[] = [];
  #isLost = false;

  /** Whether the device is gone. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** Finds out when it goes. */
  watch(device: GPUDevice): void {
    device.lost.then(() => {
      this.#isLost = true;
    });
  }

  /** @param isCause whether it explains those before it: a kernel that does not compile, say */
  note(message: string, isCause = false): void {
    if (isCause) this.#messages.unshift(message);
    else this.#messages.push(message);
  }

  /** Notes what Dawn says that no call waited for; that memory is short explains all that fails after it. */
  noteUncaptured(error: GPUError): void {
    const { message } = error;
    const isOutOfMemory = error.constructor.name === 'GPUOutOfMemoryError';
    const advice = 'use a smaller `width`, `height` or `window`, `dtype` f16, or close other programs that use it';
    this.note(
      isOutOfMemory ? `there is not enough memory (${message.split('\n')[0]}): ${advice}` : message,
      isOutOfMemory,
    );
  }

  /** Throws what was noted, if anything. */
  throwAny(device: string): void {
    if (this.#messages.length === 0) return;
    const [first, ...rest] = this.#messages.splice(0);
    const named = first.startsWith(device) ? first : `${device}: ${first}`;
    throw new TokenTrimError(rest.length > 0 ? `${named} (and ${rest.length} more errors)` : named);
  }
}
