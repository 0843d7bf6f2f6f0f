import type { Device, KernelCall } from './device.js';
import { formatShape } from './shape.js';
import type { Tensor } from './tensor.js';

/** Told of a launch when it is done, or recorded: on a GPU it has not run yet. What it throws, `launch` throws. */
export type LaunchWatcher = (call: KernelCall, output: Tensor, milliseconds: number) => void;

/** Has every launch of a device seen from now on, those on tensors that are there already too; several may watch. */
export function watchLaunches(device: Device, watch: LaunchWatcher): void {
  const launch = device.launch.bind(device);
  device.launch = (call) => {
    const from = performance.now();
    const output = launch(call);
    watch(call, output, performance.now() - from);
    return output;
  };
}

/** What a launch reads, each tensor once, and makes, as `[48, 128] f32, [512, 128] f16 -> [48, 512] f32`. */
export function formatLaunch({ reads }: KernelCall, output: Tensor): string {
  const read = reads.filter(({ storage }, index) => reads.findIndex((each) => each.storage === storage) === index);
  return `${read.map(formatTensor).join(', ')} -> ${formatTensor(output)}`;
}

function formatTensor({ shape, dtype }: Tensor): string {
  return `${formatShape(shape)} ${dtype}`;
}
