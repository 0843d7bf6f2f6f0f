import { checkMatrixForm } from '../../dist/kernels/forms/checkMatrixForm.js';
import { openDevice } from '../../dist/node/openDevice.js';
import { tuneKernels } from '../../dist/node/tuneKernels.js';
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
  if (device.features.matrices) {
    await checkMatrixForm(device); // before which its forms fit nothing
    await tuneKernels(device, { measure: 'none' }); // the forms that a run takes, where they were measured
  }
  const clock = await clockOf(device);
  const ceilings = await measureCeilings(device, clock);
  console.log(
    `\n${device.name}, ${clock.kind}; ceilings ${(ceilings.flops / 1e9).toFixed(0)} GFLOP/s in registers, ` +
      `${(ceilings.bytesPerSecond / 1e9).toFixed(1)} GB/s of copying`,
  );
  return { device, clock, ceilings, head: { adapter: device.name, clock: clock.kind, ceilings } };
}
