import { weightedSum } from '../../src/kernels/weightedSum.js';
import type { Solver } from '../../src/pipelines/solver.js';
import { device } from './device.js';

/** Every sample of a solver along the flow 0.3 x + 0.1 sin(t / 100), on which the official solvers were recorded. */
export async function waveTrajectory(solver: Solver, start: readonly number[]): Promise<number[][]> {
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
