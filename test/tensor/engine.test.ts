import ndarray from 'ndarray';
import { afterAll, describe, expect, test } from 'vitest';
import { cast } from '../../src/kernels/elementwise/cast.js';
import { add, multiply } from '../../src/kernels/elementwise/elementwise.js';
import { linear } from '../../src/kernels/linear/linear.js';
import { rmsNorm } from '../../src/kernels/norms/rmsNorm.js';
import { openDevice } from '../../src/node/openDevice.js';
import { u32 } from '../../src/tensor/device.js';
import { device, referenceDevice } from '../support/device.js';
import { normal, randomTensor } from '../support/twins.js';

const isGpu = device.kind === 'gpu';
const others = isGpu ? [await openDevice(), await openDevice({ profile: true })] : [];
const [breakable, profiled] = others;
afterAll(() => {
  for (const other of others) other.close();
});

describe('uploading and reading', () => {
  test('gives back what was given', async () => {
    for (const count of [1, 2, 3, 1023, 70_001]) {
      const values = normal(count, count);
      const tensor = device.upload(values, [count]);
      expect(Float32Array.from(await device.read(tensor))).toEqual(values);
      tensor.dispose();
      const indices = Uint32Array.from({ length: count }, (_, index) => 2 ** 32 - 1 - index);
      const rows = device.upload(indices, [count]);
      expect(await device.readIndices(rows)).toEqual(indices);
      rows.dispose();
    }
  });

  test('uploads the part that a view shows', async () => {
    const tensor = device.upload(Float32Array.of(0, 1, 2, 3).subarray(1, 3), [2]);
    expect([...(await device.read(tensor))]).toEqual([1, 2]);
    tensor.dispose();
  });

  test('zeros are zero, also where a freed tensor was', async () => {
    device.upload(new Float32Array(1000).fill(7), [1000]).dispose();
    device.scope(() => add(randomTensor(device, 1, [1000]), randomTensor(device, 2, [1000]))).dispose();
    const zeros = device.zeros([1000]);
    expect((await device.read(zeros)).every((value) => value === 0)).toBe(true);
    zeros.dispose();
  });

  test('refuses values that do not fill the shape, and shapes without elements', () => {
    for (const on of [device, referenceDevice]) {
      expect(() => on.upload(new Float32Array(5), [2, 3])).toThrow('upload: [2, 3] needs 6 values, found 5');
      expect(() => on.zeros([2, 0])).toThrow('every size must be a positive integer, found [2, 0]');
      expect(() => on.zeros([1.5])).toThrow('every size must be a positive integer');
    }
  });
});

describe('a freed tensor', () => {
  test.each([device, referenceDevice])('cannot be used on $name', async (on) => {
    const [freed, alive] = [on.scope(() => add(on.zeros([4]), on.zeros([4]))), on.zeros([4])];
    const before = on.memory.liveStorages;
    freed.dispose();
    expect(() => add(alive, freed)).toThrow('after it was freed');
    expect(() => on.updateRows(freed, 0, alive, 0, 1)).toThrow('after it was freed');
    expect(() => on.updateRows(alive, 0, freed, 0, 1)).toThrow('after it was freed');
    await expect(on.read(freed)).rejects.toThrow('after it was freed');
    await expect(on.readIndices(freed)).rejects.toThrow('after it was freed');
    expect(on.memory.liveStorages, 'what failed allocated nothing').toBe(before - 1);
    alive.dispose();
  });
});

describe.runIf(isGpu)('small uploads, whose buffers go round', () => {
  test('do not reach launches that were recorded before them', async () => {
    // Each upload may get the buffer of an earlier one, which recorded launches still read.
    const rounds = Array.from({ length: 300 }, (_, round) => round);
    const sums = rounds.map((round) =>
      device.scope(() =>
        add(device.upload(Float32Array.of(round, 1), [2]), device.upload(Float32Array.of(1, round), [2])),
      ),
    );
    for (const [round, sum] of sums.entries()) {
      expect([...(await device.read(sum))], `round ${round}`).toEqual([round + 1, round + 1]);
      sum.dispose();
    }
  });

  test('take an odd number of 16-bit values', async () => {
    const halves = device.upload(Uint16Array.of(0x3f80, 0x4000, 0x4040), [3], 'bf16'); // 1, 2, 3
    const wide = cast(halves, 'f32');
    expect([...(await device.read(wide))]).toEqual([1, 2, 3]);
    halves.dispose();
    wide.dispose();
  });
});

describe('memory', () => {
  test('does not grow over many launches', async () => {
    const weight = randomTensor(device, 1, [64, 64]);
    const gain = device.upload(new Float32Array(64).fill(1), [64]);
    const step = async (block: number) => {
      // Sizes that change from block to block, as those of a growing cache do.
      const x = randomTensor(device, block, [1 + (block % 7), 64]);
      const y = device.scope(() => multiply(rmsNorm(linear(x, weight), gain, 1e-6), x));
      await device.read(y);
      x.dispose();
      y.dispose();
    };
    for (let block = 0; block < 20; block++) await step(block);
    await device.synchronize();
    const { buffers, bytes, peakBytes, liveStorages } = device.memory;
    for (let block = 20; block < 300; block++) await step(block);
    await device.synchronize();
    expect(device.memory).toEqual({ buffers, bytes, peakBytes, liveStorages });
    weight.dispose();
    gain.dispose();
  });

  test('does not grow while nothing is read either', async () => {
    const x = randomTensor(device, 1, [100, 100]);
    const launch = () =>
      device.scope(() => add(add(x, x), device.upload(new Float32Array(10_000), [100, 100]))).dispose();
    for (let index = 0; index < 200; index++) launch();
    await device.synchronize();
    const { buffers, bytes } = device.memory;
    for (let index = 0; index < 1000; index++) launch();
    await device.synchronize();
    expect(device.memory.buffers).toBeLessThanOrEqual(buffers);
    expect(device.memory.bytes).toBeLessThanOrEqual(bytes);
    x.dispose();
  });

  test('reuse of a buffer waits for whoever reads it', async () => {
    // Each sum may take over the buffer of the one before the last, which is still queued to be read.
    let sum = device.zeros([5000]);
    const ones = device.upload(new Float32Array(5000).fill(1), [5000]);
    for (let index = 0; index < 500; index++) {
      const next = add(sum, ones);
      sum.dispose();
      sum = next;
    }
    expect((await device.read(sum)).every((value) => value === 500)).toBe(true);
    sum.dispose();
    ones.dispose();
  });
});

describe.runIf(isGpu)('the GPU device', () => {
  test('runs grids past 65535 workgroups', async () => {
    const count = 65_535 * 64 + 12_345;
    const values = Float32Array.from({ length: count }, (_, index) => index % 1024);
    const sum = device.scope(() => {
      const x = device.upload(values, [count]);
      return add(x, x);
    });
    const result = await device.read(sum);
    sum.dispose();
    expect(result.length).toBe(count);
    expect(result.findIndex((value, index) => value !== 2 * (index % 1024))).toBe(-1);
  });

  test('says what to do about a tensor past what the adapter binds', () => {
    const before = device.memory.buffers;
    const count = Math.floor(device.maxTensorBytes / 4) + 1;
    expect(() => device.zeros([count])).toThrow(
      /takes \d+ MiB, but a buffer of .* holds at most \d+ MiB: use a smaller/,
    );
    expect(device.memory.buffers).toBe(before);
  });

  test('throws what Dawn says about a kernel that does not compile, and works on', async () => {
    // An override that the kernel needs is not given.
    breakable.launch({
      kernel: 'elementwise',
      reads: [breakable.zeros([4]), breakable.zeros([4])],
      output: [4],
      params: [u32(4)],
      workgroups: 1,
      twin: () => ndarray(new Float64Array(4), [4]),
    });
    await expect(breakable.synchronize()).rejects.toThrow(/elementwise(.|\n)*OPERATION/);
    await expectToWork();
  });

  test('throws what Dawn says about a launch that is not valid, at the next read', async () => {
    const output = breakable.launch({
      kernel: 'elementwise',
      reads: [breakable.zeros([4])], // one binding too few
      output: [4],
      params: [u32(4)],
      overrides: { OPERATION: 0 },
      workgroups: 1,
      twin: () => ndarray(new Float64Array(4), [4]),
    });
    await expect(breakable.read(output)).rejects.toThrow(/bind/i);
    await expectToWork();
  });

  async function expectToWork(): Promise<void> {
    const one = breakable.upload(Float32Array.of(1), [1]);
    expect([...(await breakable.read(add(one, one)))]).toEqual([2]);
  }

  test('times kernels by name when profiling', async () => {
    const x = randomTensor(profiled, 1, [100, 100]);
    profiled.scope(() => {
      for (let index = 0; index < 100; index++) add(x, x);
      linear(x, x);
    });
    const times = await profiled.kernelTimes();
    // Where an adapter has no timestamps there is nothing to tell.
    if (times.length === 0) return;
    const callsOf = (kernel: string) =>
      times.filter((time) => time.kernel.startsWith(kernel)).map(({ calls }) => calls); // in the form that suits the adapter
    expect(callsOf('elementwise')).toEqual([100]);
    expect(callsOf('linear')).toEqual([1]);
    expect(times.every(({ milliseconds }) => milliseconds >= 0 && milliseconds < 60_000)).toBe(true);
    expect(times[0].milliseconds).toBeGreaterThan(0);
    expect(await device.kernelTimes(), 'not without profiling').toEqual([]);
  });
});
