import { availableParallelism } from 'node:os';
import { KernelLog, type PlannedKernel } from './kernelLog.js';
import { PipelineCache } from './pipelines.js';

/** A device and its pipelines. */
export interface Preparing {
  readonly device: GPUDevice;
  readonly pipelines: PipelineCache;
}

/** Devices that help at most: compiling a run's kernels takes seconds, and opening a device some of one. */
const MOST_HELPERS = 3;

/** A kernel that takes longer was not in the driver's cache: 5 ms where it is. */
const KNOWN_MS = 50;

/**
 * Makes kernels where the driver compiles on one thread a device: lavapipe does, at the first launch. Where it turns out to
 * know nothing of them, further devices on the same adapter start at the other end of the list, and what they have compiled
 * this one then finds in the driver's cache on the disk.
 * @param open opens another device on the same adapter
 * @param isWanted false as soon as nobody waits for the kernels any more
 */
export async function prepareTogether(
  main: Preparing,
  codes: readonly PlannedKernel[],
  open: () => Promise<GPUDevice>,
  isWanted: () => boolean,
): Promise<void> {
  const [first, ...todo] = codes;
  if (!first) return;
  const next = (from: 'front' | 'back') => (isWanted() ? (from === 'front' ? todo.shift() : todo.pop()) : undefined);
  const start = performance.now();
  await compile(main, first);
  const isCold = performance.now() - start > KNOWN_MS;
  const helpers = isCold && keepsOnDisk() ? Math.min(availableParallelism() - 1, MOST_HELPERS) : 0;
  const help = async () => {
    const device = await open();
    try {
      const helper = { device, pipelines: new PipelineCache(device, new KernelLog(), () => undefined) };
      for (let code = next('back'); code; code = next('back')) await compile(helper, code);
    } finally {
      device.destroy();
    }
  };
  const helping = Array.from({ length: helpers }, () => help().catch(() => undefined)); // this device can do without
  for (let code = next('front'); code; code = next('front')) await compile(main, code);
  await Promise.all(helping);
  if (isWanted()) await main.pipelines.prepare(codes);
}

/** Makes a kernel and waits until the driver has compiled it; what fails is told where it is launched. */
async function compile({ device, pipelines }: Preparing, code: PlannedKernel): Promise<void> {
  await pipelines.prepare([code]);
  await device.queue.onSubmittedWorkDone().catch(() => undefined);
}

/** Whether Mesa's cache is on, as it is unless one of these says otherwise. */
function keepsOnDisk(): boolean {
  const { MESA_SHADER_CACHE_DISABLE: disabled, MESA_GLSL_CACHE_DISABLE: disabledOnce } = process.env;
  return ![disabled, disabledOnce].some((value) => /^(1|true|yes|y)$/i.test(value ?? ''));
}
