import { expect } from 'vitest';
import { weightedSum } from '../../src/kernels/elementwise/weightedSum.js';
import type { Solver } from '../../src/pipelines/solvers/solver.js';
import { expectAllClose } from './allclose.js';
import { device } from './device.js';
import { KERNEL_TOLERANCE } from './tolerance.js';

/**
 * A solver must give the recorded samples, [steps + 1][values], from the first of them on; a second time too, because step
 * 0 begins again and nothing of the first video may show. `held` tensors are what it keeps between steps.
 */
export async function expectTrajectory(
  solver: Solver,
  recorded: readonly (readonly number[])[],
  held: number,
): Promise<void> {
  const before = device.memory.liveStorages;
  for (const video of ['first', 'second']) {
    const samples = await waveTrajectory(solver, recorded[0]);
    expectAllClose(samples.flat(), recorded.flat(), KERNEL_TOLERANCE, `${video} video`);
  }
  expect(device.memory.liveStorages).toBe(before + held);
  solver.dispose();
  expect(device.memory.liveStorages).toBe(before);
}

/** Every sample of a solver along the flow 0.3 x + 0.1 sin(t / 100), on which the official solvers were recorded. */
async function waveTrajectory(solver: Solver, start: readonly number[]): Promise<number[][]> {
  const ones = device.upload(new Float32Array(start.length).fill(1), [start.length]);
  let sample = device.upload(Float32Array.from(start), [start.length]);
  const samples = [Array.from(await device.read(sample))];
  for (const [index, timestep] of solver.timesteps.entries()) {
    const flow = weightedSum([
      [0.3, sample],
      [0.1 * Math.sin(timestep / 100), ones],
    ]);
    const { next } = solver.step(index, sample, flow);
    flow.dispose();
    sample.dispose();
    sample = next;
    samples.push(Array.from(await device.read(sample)));
  }
  sample.dispose();
  ones.dispose();
  return samples;
}
