import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addNoise,
  createSchedule,
  sigmaAt,
  timestepIndex,
  warpSteps,
  x0FromFlow,
} from '../../src/pipelines/flowMatching.js';
import { expectAllClose } from '../support/allclose.js';
import { device } from '../support/device.js';
import { KERNEL_TOLERANCE } from '../support/tolerance.js';
import { randomTensor, seeds } from '../support/twins.js';

const shifts = fc.double({ min: 0.5, max: 12, noNaN: true });

describe('the table', () => {
  test('falls from pure noise to nearly clean, for every shift', () => {
    fc.assert(
      fc.property(shifts, (shift) => {
        const { sigmas, timesteps } = createSchedule(shift);
        expect(sigmas).toHaveLength(1000);
        expect(sigmas[0]).toBeCloseTo(1, 6);
        expect(sigmas[999]).toBeGreaterThan(0);
        for (let index = 1; index < 1000; index++) expect(sigmas[index]).toBeLessThan(sigmas[index - 1]);
        for (const [index, timestep] of timesteps.entries()) expect(timestep).toBe(Math.fround(1000 * sigmas[index]));
      }),
      { numRuns: 20 },
    );
  });

  test('is shift * u / (1 + (shift - 1) * u), u falling in thousandths', () => {
    fc.assert(
      fc.property(shifts, fc.integer({ min: 0, max: 999 }), (shift, index) => {
        const u = 1 - index / 1000;
        const sigma = (shift * u) / (1 + (shift - 1) * u);
        // Four float32 roundings of numbers up to 1, times the shift where it is large.
        expect(Math.abs(createSchedule(shift).sigmas[index] - sigma)).toBeLessThan(1e-6);
      }),
      { numRuns: 50 },
    );
  });

  test('a shift of 1 is a straight line, more leans towards noise', () => {
    expect(createSchedule(1).sigmas[500]).toBeCloseTo(0.5, 6);
    expect(createSchedule(5).sigmas[500]).toBeCloseTo(5 / 6, 6);
  });

  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('a shift of %d is refused', (shift) => {
    expect(() => createSchedule(shift)).toThrow(`the timestep shift must be a positive number, found ${shift}`);
  });
});

describe('steps', () => {
  const schedule = createSchedule(5);

  test('are entries of the table, kept between integers', () => {
    expect(warpSteps(schedule, [1000, 750, 500, 250])).toEqual([1000, 937.5, Math.fround(833.3333129882812), 625]);
    expectAllClose(
      warpSteps(schedule, [1000, 800, 600, 400, 200]),
      [1000, 952.381, 882.353, 769.231, 555.556],
      1e-3, // the specification prints three decimals
      'warped',
    );
    expect(warpSteps(schedule, [0])).toEqual([0]);
  });

  test.each([1001, -1, 12.5, Number.NaN])('%d is refused', (step) => {
    expect(() => warpSteps(schedule, [1000, step])).toThrow(
      `denoising steps must be integers from 1000 down to 0, found ${step}`,
    );
  });
});

describe('sigma', () => {
  const schedule = createSchedule(5);

  test('is that of the nearest entry', () => {
    fc.assert(
      fc.property(fc.float({ min: 0, max: 1000, noNaN: true }), (timestep) => {
        const index = timestepIndex(schedule, timestep);
        const distance = Math.abs(schedule.timesteps[index] - timestep);
        for (const other of schedule.timesteps)
          expect(Math.abs(other - timestep)).toBeGreaterThanOrEqual(distance - 1e-4);
        expect(sigmaAt(schedule, timestep)).toBe(schedule.sigmas[index]);
      }),
      { numRuns: 30 },
    );
  });

  test('is never 0: at timestep 0 it is the last entry, 0.005 / 1.004', () => {
    expect(timestepIndex(schedule, 0)).toBe(999);
    expect(sigmaAt(schedule, 0)).toBeCloseTo(0.005 / 1.004, 8);
    expect(sigmaAt(schedule, 1000)).toBe(1);
  });

  test('of two equally near entries the noisier one counts', () => {
    const table = { timesteps: Float32Array.of(10, 8, 6), sigmas: Float32Array.of(0.3, 0.2, 0.1) };
    expect(timestepIndex(table, 9)).toBe(0);
    expect(timestepIndex(table, 7)).toBe(1);
  });
});

describe('noise and x0', () => {
  const schedule = createSchedule(5);
  const shape = [2, 4, 3, 5];

  test('the flow noise - x0 leads back from the noisy latents to x0, at every timestep', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, fc.integer({ min: 0, max: 1000 }), async (seed, timestep) => {
        const x0 = randomTensor(device, seed, shape);
        const noise = randomTensor(device, seed + 1, shape);
        const [clean, drawn] = [await device.read(x0), await device.read(noise)];
        const flow = device.upload(
          Float32Array.from(clean, (value, index) => drawn[index] - value),
          shape,
        );
        const back = device.scope(() =>
          x0FromFlow(schedule, addNoise(schedule, x0, noise, timestep), flow, [timestep, timestep]),
        );
        expectAllClose(await device.read(back), clean, KERNEL_TOLERANCE, 'x0');
        for (const tensor of [x0, noise, flow, back]) tensor.dispose();
      }),
      { numRuns: 10 },
    );
  });

  test('each frame has a timestep of its own', async () => {
    const x = device.upload(new Float32Array(120).fill(1), shape);
    const values = await device.read(device.scope(() => x0FromFlow(schedule, x, x, [1000, 0])));
    expect(values[0]).toBe(0);
    expect(values[119]).toBeCloseTo(1 - 0.005 / 1.004, 6);
  });

  test('at timestep 1000 nothing of x0 is left', async () => {
    const x0 = randomTensor(device, 1, shape);
    const noise = randomTensor(device, 2, shape);
    expect(await device.read(addNoise(schedule, x0, noise, 1000))).toEqual(await device.read(noise));
  });
});
