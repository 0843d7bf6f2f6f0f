import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { add } from '../../src/kernels/elementwise/elementwise.js';
import { rmsNorm } from '../../src/kernels/norms/rmsNorm.js';
import { openDevice } from '../../src/node/openDevice.js';
import type { Device } from '../../src/tensor/device.js';
import { PlanningDevice } from '../../src/tensor/planningDevice.js';
import { device } from '../support/device.js';
import { sizes } from '../support/twins.js';

/** A program with what a rollout does: uploads, scopes, tensors that outlive them, launches enough for several submits. */
async function program(on: Device, rows: number, width: number, repeats: number): Promise<number[]> {
  const peaks: number[] = [];
  const weight = await on.load([width], 'f32', async () => new Float32Array(width));
  let x = on.zeros([rows, width]);
  for (let repeat = 0; repeat < repeats; repeat++) {
    const next = on.scope(() =>
      add(rmsNorm(x, weight, 1e-6), on.upload(new Float32Array(rows * width), [rows, width])),
    );
    x.dispose();
    x = next;
    if (repeat % 10 === 0) await on.synchronize();
    peaks.push(on.memory.peakBytes);
  }
  x.dispose();
  weight.dispose();
  return [...peaks, on.memory.liveStorages];
}

describe('PlanningDevice', () => {
  test('counts what the adapter takes, byte for byte', async () => {
    await fc.assert(
      fc.asyncProperty(sizes(300), sizes(300), sizes(150), async (rows, width, repeats) => {
        const real = await openDevice();
        const counted = await program(new PlanningDevice(real), rows, width, repeats);
        const taken = await program(real, rows, width, repeats);
        real.close();
        expect(counted).toEqual(taken);
      }),
      { numRuns: 5 },
    );
  });

  test('reads nothing that it is told to load', async () => {
    const planning = new PlanningDevice(device);
    const load = planning.load([2 ** 20, 4], 'bf16', () => Promise.reject(new Error('was read')));
    expect((await load).shape).toEqual([2 ** 20, 4]);
    expect(planning.memory.bytes).toBe(2 ** 23);
  });

  test('refuses what the adapter would refuse, before anything is allocated', () => {
    const planning = new PlanningDevice({ ...limits(device), maxTensorBytes: 2 ** 20 });
    expect(() => planning.zeros([2 ** 19])).toThrow('takes 2 MiB, but a buffer of');
    const narrow = new PlanningDevice({ ...limits(device), maxBindingBytes: 2 ** 10 });
    expect(() => rmsNorm(narrow.zeros([1, 1024]), narrow.zeros([1024]), 1e-6)).toThrow('binds at most 1 MiB');
  });
});

function limits({ name, features, forms, maxTensorBytes, maxBindingBytes }: Device) {
  return { name, features, forms, maxTensorBytes, maxBindingBytes };
}
