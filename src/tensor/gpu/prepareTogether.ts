import type { PlannedKernel } from '../kernelLog.js';
import type { KernelCache } from './kernelCache.js';

/** A device and its kernels. */
export interface Preparing {
  readonly device: GPUDevice;
  readonly kernels: KernelCache;
}

/** Further devices on the same adapter, which may help. */
export interface Helpers {
  readonly open: () => Promise<GPUDevice>;
  /** How many at most: 0 where nothing that one compiles would be found by another. */
  readonly most: number;
}

/** A kernel that takes longer was not in the driver's cache: 5 ms where it is. */
const KNOWN_MS = 50;

/**
 * Makes kernels where the driver compiles on one thread a device: lavapipe does, at the first launch. Where it turns out to
 * know nothing of them, further devices on the same adapter start at the other end of the list, and what they have compiled
 * this one then finds in the driver's cache on the disk.
 * @param isWanted false as soon as nobody waits for the kernels any more
 */
export async function prepareTogether(
  main: Preparing,
  codes: readonly PlannedKernel[],
  helpers: Helpers,
  isWanted: () => boolean,
): Promise<void> {
  const [first, ...todo] = codes;
  if (!first) return;
  const next = (from: 'front' | 'back') => (isWanted() ? (from === 'front' ? todo.shift() : todo.pop()) : undefined);
  const start = performance.now();
  await compile(main, first);
  const isCold = performance.now() - start > KNOWN_MS;
  const help = async () => {
    const device = await helpers.open();
    try {
      const helper = { device, kernels: main.kernels.like(device) };
      for (let code = next('back'); code; code = next('back')) await compile(helper, code);
    } finally {
      device.destroy();
    }
  };
  const helping = Array.from({ length: isCold ? helpers.most : 0 }, () => help().catch(() => undefined)); // this device can do without
  for (let code = next('front'); code; code = next('front')) await compile(main, code);
  await Promise.all(helping);
  if (isWanted()) await main.kernels.prepare(codes);
}

/** Makes a kernel and waits until the driver has compiled it; what fails is told where it is launched. */
async function compile({ device, kernels }: Preparing, code: PlannedKernel): Promise<void> {
  await kernels.prepare([code]);
  await device.queue.onSubmittedWorkDone().catch(() => undefined);
}
