import { performance } from 'node:perf_hooks';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { add } from '../../../src/kernels/elementwise/elementwise.js';
import { linear } from '../../../src/kernels/linear/linear.js';
import { device } from '../../support/device.js';

const isGpu = device.kind === 'gpu';

test.runIf(isGpu)('a long wait for the adapter leaves the thread alone', async () => {
  const x = device.zeros([512, 512]);
  for (let repeat = 0; repeat < 20; repeat++) device.scope(() => void linear(x, x));
  const wall = performance.now();
  const before = performance.eventLoopUtilization();
  await device.synchronize();
  const seconds = (performance.now() - wall) / 1000;
  const { utilization } = performance.eventLoopUtilization(before);
  x.dispose();
  expect(seconds, 'long enough to tell').toBeGreaterThan(0.02);
  // Measured 0.02 to 0.1; polling at every turn of the event loop gives 1.
  expect(utilization).toBeLessThan(0.5);
});

test.runIf(isGpu)('what others give to setImmediate runs at once, with its values', async () => {
  const order: string[] = [];
  const done = new Promise<void>((resolve) => {
    setTimeout(() => order.push('timer'), 1);
    setImmediate((value: string) => order.push(value), 'immediate');
    setTimeout(resolve, 20);
  });
  await promisify(setImmediate)('promised').then((value) => order.push(value));
  clearImmediate(setImmediate(() => order.push('cleared')));
  await new Promise(setImmediate); // a promise's resolve is native code too
  await done;
  expect(order.filter((name) => name !== 'timer')).toEqual(['immediate', 'promised']);
});

test.runIf(isGpu)('a short wait ends soon', async () => {
  const x = device.zeros([4]);
  await device.read(add(x, x));
  const times: number[] = [];
  for (let repeat = 0; repeat < 50; repeat++) {
    const start = performance.now();
    await device.read(x);
    times.push(performance.now() - start);
  }
  x.dispose();
  // Measured 0.1 ms on an idle machine; a wait that always pauses takes more than 1 ms. The best of 50 hardly sees other load.
  expect(Math.min(...times)).toBeLessThan(0.9);
});
