import ndarray from 'ndarray';
import { describe, expect, test } from 'vitest';
import { add, multiply } from '../../src/kernels/elementwise/elementwise.js';
import { openDevice } from '../../src/node/openDevice.js';
import { type Device, u32 } from '../../src/tensor/device.js';
import { PlanningDevice } from '../../src/tensor/planningDevice.js';
import { device } from '../support/device.js';

describe.runIf(device.kind === 'gpu')('the kernels that a device has met', () => {
  test('tells which kernels it has met, and which may still be compiling', async () => {
    const on = await openDevice();
    const x = on.zeros([4]);
    expect(on.kernels.names).toEqual([]);
    const elementwise = () => on.kernels.names.filter((name) => name.startsWith('elementwise'));
    add(x, x);
    add(x, x);
    expect(elementwise()).toHaveLength(1);
    expect(on.kernels.pending).toEqual(on.kernels.names);
    await on.synchronize();
    expect(on.kernels.pending).toEqual([]);
    multiply(x, x); // the same file with another constant
    expect(elementwise()).toHaveLength(2);
    expect(on.kernels.pending).toHaveLength(1);
    await on.read(x);
    expect(on.kernels.pending).toEqual([]);
    on.close();
  });

  test('makes what a plan has launched before it is launched', async () => {
    const on = await openDevice();
    const program = (device: Device) =>
      device.scope(() => void multiply(add(device.zeros([4]), device.zeros([4])), device.zeros([4])));
    program(new PlanningDevice(on));
    await on.prepareKernels();
    const { names } = on.kernels;
    expect(names).toHaveLength(2);
    program(on);
    await on.synchronize();
    expect(on.kernels.names).toEqual(names);
    program(new PlanningDevice(on));
    await on.prepareKernels();
    expect(on.kernels.names).toHaveLength(2);
    on.close();
  });

  test('throws what Dawn says about a kernel that was prepared and does not compile', async () => {
    const launch = {
      kernel: 'elementwise',
      reads: [],
      output: [4],
      params: [u32(4)],
      workgroups: 1,
      twin: () => ndarray(new Float64Array(4), [4]),
    };
    const on = await openDevice();
    new PlanningDevice(on).launch(launch);
    await on.prepareKernels();
    on.launch({ ...launch, reads: [on.zeros([4]), on.zeros([4])] });
    await expect(on.synchronize()).rejects.toThrow(/elementwise(.|\n)*OPERATION/);
    on.close();
  });
});
