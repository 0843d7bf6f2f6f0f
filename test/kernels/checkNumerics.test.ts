import { afterAll, describe, expect, test } from 'vitest';
import { cast } from '../../src/kernels/elementwise/cast.js';
import { add, multiply } from '../../src/kernels/elementwise/elementwise.js';
import { linear } from '../../src/kernels/linear/linear.js';
import { openDevice } from '../../src/node/openDevice.js';
import type { Device } from '../../src/tensor/device.js';

const checked = await Promise.all([
  openDevice({ checkNumerics: true }),
  openDevice({ adapter: 'reference', checkNumerics: true }),
  openDevice({ adapter: 'interpreter,seed=0', checkNumerics: true }),
]);
afterAll(() => {
  for (const device of checked) device.close();
});

/** Larger than any float64 where it is multiplied by itself. */
const LARGE = { reference: 1e300, gpu: 1e30, interpreter: 1e30, planning: 0 };

/** Two layers, the first of which overflows at one element. */
function overflowingLayer(device: Device) {
  return device.scope(() => {
    const x = device.upload(Float64Array.of(1, 2, 3, LARGE[device.kind]), [2, 2]);
    return add(multiply(x, x), x);
  });
}

describe.each(checked)('on $kind', (device) => {
  test('what is finite passes, and is what it is elsewhere', async () => {
    const x = device.upload(Float32Array.of(1, 2, 3, 4), [2, 2]);
    const y = device.scope(() => linear(x, cast(x, 'f16')));
    expect([...(await device.read(y))]).toEqual([5, 11, 11, 25]);
    await device.synchronize();
    const rows = device.upload(Uint32Array.of(2 ** 32 - 1), [1]); // no float at all
    expect([...(await device.readIndices(rows))]).toEqual([2 ** 32 - 1]);
  });

  test('the first launch that made infinity is named, with what it read, where, and who called it', async () => {
    const run = async () => device.read(overflowingLayer(device));
    const error: Error = await run().catch((thrown) => thrown);
    expect(error.message).toMatch(/^Launch \d+, `elementwise(\.vec4)?` of \[2, 2\] f32 -> \[2, 2\] f32 in /);
    expect(error.message).toMatch(/multiply < overflowingLayer.*, is the first that made NaN or infinity, at \[1, 1\]/);
    const x = device.upload(Float32Array.of(1), [1, 1]);
    expect([...(await device.read(add(x, x)))]).toEqual([2]); // what comes after is looked at by itself
  });

  test('what is uploaded is looked at too', () => {
    const upload = () => device.upload(Float32Array.of(1, Number.NaN), [2]);
    expect(upload).toThrow(/^What is uploaded as \[2\] in .*upload.* holds NaN or infinity/);
  });
});
