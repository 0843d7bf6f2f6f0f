import { vi } from 'vitest';
import type { Device } from '../../src/tensor/device.js';

/** What `body` gives, and how many dispatches and submissions a device on an adapter made of it. */
export async function dispatchesOf<Result>(
  on: Device,
  body: () => Promise<Result>,
): Promise<{ result: Result; dispatches: number; submissions: number }> {
  const { device } = on as unknown as { device: GPUDevice };
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  const dispatch = vi.spyOn(Object.getPrototypeOf(pass), 'dispatchWorkgroups');
  const submit = vi.spyOn(Object.getPrototypeOf(device.queue), 'submit');
  pass.end();
  try {
    const result = await body();
    return { result, dispatches: dispatch.mock.calls.length, submissions: submit.mock.calls.length };
  } finally {
    dispatch.mockRestore();
    submit.mockRestore();
  }
}
