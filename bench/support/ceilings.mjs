import { u32 } from '../../dist/tensor/device.js';
import { measure } from './measure.mjs';

/** `launch` finds kernels by name beside the built launchers, in dist/kernels. */
const kernelHere = (name) => `../../bench/ceilings/${name}`;

/**
 * What the adapter reaches at best: operations a second on numbers in registers, bytes a second between buffers.
 * @returns { flops, bytesPerSecond }
 */
export async function measureCeilings(device, clock) {
  const onProcessor = clock.kind.includes('worker');
  const invocations = onProcessor ? 2 ** 12 : 2 ** 20;
  const steps = 256;
  const vectors = onProcessor ? 2 ** 21 : 2 ** 23; // past every cache
  const lanes = onProcessor ? device.features.minSubgroupSize || 8 : 64;
  const copied = onProcessor ? 256 : 4; // vectors an invocation
  const factor = device.upload(new Float32Array(2).fill(0.5), [2]);
  const source = device.zeros([vectors * 4]);
  const arithmetic = () =>
    device.launch({
      kernel: kernelHere('arithmetic'),
      reads: [factor],
      output: [4 * invocations],
      params: [u32(steps)],
      overrides: { LANES: lanes },
      workgroups: invocations / lanes,
      twin: () => undefined,
    });
  const copy = () =>
    device.launch({
      kernel: kernelHere('copy'),
      reads: [source],
      output: [vectors * 4],
      params: [u32(vectors)],
      overrides: { LANES: lanes, STEPS: copied },
      workgroups: vectors / lanes / copied,
      twin: () => undefined,
    });
  const times = await measure(device, clock, { arithmetic, copy });
  factor.dispose();
  source.dispose();
  return {
    flops: (2 * 4 * 8 * 4 * steps * invocations) / times.arithmetic.seconds,
    bytesPerSecond: (vectors * 16 * 2) / times.copy.seconds,
  };
}
