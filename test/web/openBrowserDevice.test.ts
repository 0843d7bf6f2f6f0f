import { afterEach, expect, test, vi } from 'vitest';
import { openBrowserDevice } from '../../src/web/openBrowserDevice.js';
import { openNullDevice } from '../support/nullDevice.js';

afterEach(() => void vi.unstubAllGlobals());

const info = { vendor: 'nvidia', architecture: 'hopper', device: '', description: '', isFallbackAdapter: false };

/** WebGPU with an adapter that gives a device which runs nothing. */
async function fakeGpu(members: Partial<typeof info> = {}, requestDevice?: () => Promise<GPUDevice>) {
  const real = await openNullDevice();
  let lose: (lost: { reason: string; message: string }) => void = () => undefined;
  const lost = new Promise((resolve) => {
    lose = resolve;
  });
  const device = new Proxy(real, {
    get: (target, name) => {
      if (name === 'lost') return lost;
      if (name === 'adapterInfo') return { ...info, ...members };
      const value = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
    set: () => true,
    defineProperty: () => true,
  });
  const adapter = {
    info: { ...info, ...members },
    limits: real.limits,
    features: new Set<string>(),
    requestDevice: requestDevice ?? (async () => device),
  };
  return { gpu: { requestAdapter: async () => adapter } as unknown as GPU, lose };
}

test('without WebGPU, or outside of a secure page, it says what to do', async () => {
  vi.stubGlobal('navigator', {});
  await expect(openBrowserDevice()).rejects.toThrow(/This browser has no WebGPU: use a newer one/);
  vi.stubGlobal('isSecureContext', false);
  await expect(openBrowserDevice()).rejects.toThrow('or by http://localhost.');
});

test('without an adapter it says what to do', async () => {
  const gpu = { requestAdapter: async () => null } as unknown as GPU;
  await expect(openBrowserDevice({ gpu })).rejects.toThrow(
    /offers no adapter for WebGPU: switch on hardware acceleration/,
  );
});

test('a driver that refuses is told with its reason', async () => {
  const { gpu } = await fakeGpu({}, async () => Promise.reject(new Error('no memory\nat once')));
  await expect(openBrowserDevice({ gpu })).rejects.toThrow(
    'nvidia hopper refused a device with its own limits: no memory. Close other programs and pages that use it',
  );
});

test('a graphics card has its name and no note, and nobody knows its memory', async () => {
  vi.stubGlobal('navigator', { deviceMemory: 4 });
  const device = await openBrowserDevice({ gpu: (await fakeGpu()).gpu });
  expect([device.name, device.note, device.availableBytes?.()]).toEqual(['nvidia hopper', undefined, undefined]);
});

test.each([
  [2, 2 * 2 ** 30],
  [8, undefined], // rounded down by the browser, perhaps
  [undefined, undefined],
])("a software adapter's memory is the machine's: %j GiB", async (deviceMemory, bytes) => {
  vi.stubGlobal('navigator', { deviceMemory });
  const device = await openBrowserDevice({ gpu: (await fakeGpu({ isFallbackAdapter: true })).gpu });
  expect(device.note).toContain('runs on the processor');
  expect(device.features.software).toBe(true);
  expect(device.availableBytes?.()).toBe(bytes);
});

test('the form of kernels can be forced, and what is misspelt is refused before a device is opened', async () => {
  const { gpu } = await fakeGpu();
  expect((await openBrowserDevice({ gpu, kernels: 'plain' })).forms.forced).toBe('plain');
  await expect(openBrowserDevice({ gpu, kernels: 'fast' })).rejects.toThrow('found "fast"');
  await expect(openBrowserDevice({ gpu, kernel: 'plain' } as never)).rejects.toThrow('did you mean `kernels`');
});

test('a device that is lost is told of once, and so is the call that waits for it', async () => {
  const { gpu, lose } = await fakeGpu();
  const onLost = vi.fn();
  const device = await openBrowserDevice({ gpu, onLost });
  lose({ reason: 'unknown', message: 'hung' });
  await expect.poll(() => onLost.mock.calls.length).toBe(1);
  await expect(device.synchronize()).rejects.toThrow('stopped responding and its device is lost: hung');
});

test('a device that was closed is not lost', async () => {
  const { gpu, lose } = await fakeGpu();
  const onLost = vi.fn();
  await openBrowserDevice({ gpu, onLost });
  lose({ reason: 'destroyed', message: '' });
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(onLost).not.toHaveBeenCalled();
});
