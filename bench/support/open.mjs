import { openDevice } from '../../dist/tensor/openDevice.js';
import { measureCeilings } from './ceilings.mjs';
import { clockOf, isProcessor } from './clock.mjs';

/** The options of `npm run bench` that concern sections. */
export const options = JSON.parse(process.env.BENCH_OPTIONS ?? '{}');

/** Whether a case was asked for. */
export const isAsked = (name) => options.match === undefined || name.includes(options.match);

/** The device that a section measures, its clock and its ceilings, said on standard output. */
export async function openBench() {
  let device = await openDevice();
  if (!isProcessor(device)) {
    device.close();
    device = await openDevice({ profile: true }); // for time stamps; a processor's threads are timed without
  }
  const clock = await clockOf(device);
  const ceilings = await measureCeilings(device, clock);
  console.log(
    `\n${device.name}, ${clock.kind}; ceilings ${(ceilings.flops / 1e9).toFixed(0)} GFLOP/s in registers, ` +
      `${(ceilings.bytesPerSecond / 1e9).toFixed(1)} GB/s of copying`,
  );
  return { device, clock, ceilings, head: { adapter: device.name, clock: clock.kind, ceilings } };
}
