import { afterAll, describe, expect, test } from 'vitest';
import { InterpreterDevice } from '../../src/interpreter/interpreterDevice.js';
import { findAdapter } from '../../src/node/adapter/findAdapter.js';
import { openGpuDevice } from '../../src/node/adapter/openGpuDevice.js';
import { type Device, f32, u32 } from '../../src/tensor/device.js';
import { GpuDevice } from '../../src/tensor/gpu/gpuDevice.js';
import { TorchGenerator } from '../../src/tensor/random.js';
import { COUNT, EXACT, ROUNDED } from './support/programs.js';

// What WGSL means, by Dawn and a driver: the same programs there and in the interpreter.

const request = process.env.TOKENTRIM_ADAPTER;
const isHost = request === 'reference' || request?.startsWith('interpreter');
const found = await openGpuDevice(await findAdapter(isHost ? undefined : request || undefined));
const text = (name: string) => EXACT[name] ?? ROUNDED[name];
const gpu = new GpuDevice(found, 'driver', text);
afterAll(() => gpu.close());

/** Whole numbers, halves to round, both zeros, small and large ones, and normal ones. */
const FLOATS = [0, -0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 1e-3, 1234.5, -77.25, 65504, 3e4, 0.1, 1 / 3];
const floats = Float32Array.from([...FLOATS, ...new TorchGenerator(1).randn(48)]);
const words = new Uint32Array(new TorchGenerator(2).randn(64).buffer).map((bits, index) => {
  return index < 8 ? [0, 1, 2, 0x7fffffff, 0x80000000, 0xffffffff, 31, 255][index] : bits;
});

async function run(name: string, on: Device): Promise<Uint32Array> {
  const y = on.upload(new Uint32Array(64 * COUNT), [64 * COUNT]);
  on.launch({
    kernel: name,
    reads: [on.upload(floats, [64]), on.upload(words, [64])],
    output: y,
    params: [u32(COUNT), f32(0.75)],
    workgroups: 1,
    twin: () => {
      throw new Error('there is none');
    },
  });
  return on.readIndices(y);
}

describe('the interpreter and a driver', () => {
  test.each(Object.keys(EXACT))('agree on the bits of %s', async (name) => {
    const [here, there] = [await run(name, new InterpreterDevice(text)), await run(name, gpu)];
    expect(there.some((bits) => bits !== 0)).toBe(true);
    expect(Array.from(here)).toEqual(Array.from(there));
  });

  test.each(Object.keys(ROUNDED))('agree on %s but for rounding', async (name) => {
    const [here, there] = [await run(name, new InterpreterDevice(text)), await run(name, gpu)];
    const [ours, theirs] = [new Float32Array(here.buffer), new Float32Array(there.buffer)];
    ours.forEach((value, index) => {
      // What WGSL allows for exp and sin is about as much; a wrong function is off by far more.
      if (Number.isFinite(value)) expect(Math.abs(value - theirs[index])).toBeLessThan(1e-4 * (1 + Math.abs(value)));
      else expect(Number.isFinite(theirs[index])).toBe(false);
    });
  });

  test.each([0, 1, 2, 3])('workgroups give the same in any order, by seed %s', async (seed) => {
    const expected = await run('workgroup memory', new InterpreterDevice(text));
    expect(await run('workgroup memory', new InterpreterDevice(text, { seed }))).toEqual(expected);
  });
});
