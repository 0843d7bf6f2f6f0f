import { add } from '../../dist/kernels/elementwise/elementwise.js';
import { secondsOf, threads } from './threads.mjs';

/** Whether a device is lavapipe or SwiftShader, and its threads' times can be read. */
export const isProcessor = (device) => /llvmpipe|swiftshader/i.test(device.name) && process.platform === 'linux';

/**
 * What a device's time is measured by: on a processor the time that its worker threads were running, which other programs
 * hardly change; else the kernels' own time stamps; else the clock on the wall.
 * @param device opened with `profile: true` where time stamps are wanted
 */
export async function clockOf(device) {
  if (isProcessor(device)) return { kind: 'time of the worker threads', now: async () => threadSeconds() };
  device.scope(() => void add(device.zeros([1]), device.zeros([1])));
  if ((await device.kernelTimes()).length === 0) {
    return { kind: 'wall-clock time', now: async () => performance.now() / 1e3 };
  }
  const stamped = async () => (await device.kernelTimes()).reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  return { kind: 'time stamps of the kernels', now: async () => (await stamped()) / 1e3 };
}

/** Seconds that every thread but JavaScript's has been running. */
export function threadSeconds() {
  return secondsOf(threads().filter((id) => Number(id) !== process.pid));
}
