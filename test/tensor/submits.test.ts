import { expect, test, vi } from 'vitest';
import { add } from '../../src/kernels/elementwise/elementwise.js';
import { openDevice } from '../../src/node/openDevice.js';
import { device } from '../support/device.js';

/** Submissions while `body` runs, and those left for the wait after it. */
async function submitsOf(body: (on: typeof device) => void): Promise<{ during: number; after: number }> {
  const on = await openDevice();
  const { queue } = (on as unknown as { device: GPUDevice }).device;
  const submit = vi.spyOn(Object.getPrototypeOf(queue), 'submit');
  try {
    body(on);
    const during = submit.mock.calls.length;
    await on.synchronize();
    return { during, after: submit.mock.calls.length - during };
  } finally {
    submit.mockRestore();
    on.close();
  }
}

const launches = (on: typeof device, count: number) => {
  const x = on.zeros([4]);
  for (let index = 0; index < count; index++) on.scope(() => void add(x, x));
};

test.runIf(device.kind === 'gpu')('an outermost scope is one submission when it ends', async () => {
  expect(await submitsOf((on) => on.scope(() => launches(on, 1500)))).toEqual({ during: 1, after: 0 });
});

test.runIf(device.kind === 'gpu')(
  'a very long one is handed over in parts, a short one goes with the next',
  async () => {
    expect(await submitsOf((on) => on.scope(() => launches(on, 5000)))).toEqual({ during: 3, after: 0 });
    expect(await submitsOf((on) => on.scope(() => launches(on, 10)))).toEqual({ during: 0, after: 1 });
    expect(await submitsOf((on) => launches(on, 200))).toEqual({ during: 3, after: 1 });
  },
);
