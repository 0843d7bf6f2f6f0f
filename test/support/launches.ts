import type { Device, KernelCall } from '../../src/tensor/device.js';

/** The names of the kernels that a device launches while a body runs, in order. */
export async function launchedKernels(device: Device, body: () => Promise<unknown>): Promise<string[]> {
  const names: string[] = [];
  const launch = device.launch;
  device.launch = (call: KernelCall) => {
    names.push(call.kernel);
    return launch.call(device, call);
  };
  try {
    await body();
  } finally {
    device.launch = launch;
  }
  return names;
}
