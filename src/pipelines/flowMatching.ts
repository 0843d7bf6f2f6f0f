import { TokenTrimError } from '../errors.js';
import { blendFrames } from '../kernels/elementwise/blendFrames.js';
import type { Tensor } from '../tensor/tensor.js';

/**
 * The flow-matching noise schedule: a table of (timestep, sigma) from pure noise to nearly clean. Every entry is rounded
 * to float32 where the official code rounds it, because the timesteps are fed to the model as they are.
 * Source: guandeh17/Self-Forcing utils/scheduler.py FlowMatchScheduler.
 */
export interface Schedule {
  /** 1000 * sigma, descending. */
  readonly timesteps: Float32Array;
  /** Share of noise in x_t = (1 - sigma) x0 + sigma noise, descending. */
  readonly sigmas: Float32Array;
}

/** Entries of the table; a timestep runs from this number down. */
export const TRAIN_TIMESTEPS = 1000;

/** The schedule with `sigma = shift * u / (1 + (shift - 1) * u)`, u falling evenly from 1, 0 left out. */
export function createSchedule(shift: number): Schedule {
  if (!(shift > 0 && Number.isFinite(shift))) {
    throw new TokenTrimError(`the timestep shift must be a positive number, found ${shift}`);
  }
  const { fround } = Math;
  const [factor, slope] = [fround(shift), fround(shift - 1)]; // torch rounds a number before it meets a tensor
  const sigmas = linspace(1, 0, TRAIN_TIMESTEPS + 1)
    .subarray(0, TRAIN_TIMESTEPS)
    .map((u) => fround(factor * u) / fround(1 + fround(slope * u)));
  return { sigmas, timesteps: sigmas.map((sigma) => sigma * TRAIN_TIMESTEPS) };
}

/**
 * The denoising steps as timesteps of the schedule: value v stands for the entry 1000 - v, and 0 for 0.
 * Source: guandeh17/Self-Forcing pipeline/causal_inference.py, `warp_denoising_step`.
 */
export function warpSteps(schedule: Schedule, steps: readonly number[]): number[] {
  const table = [...schedule.timesteps, 0];
  return steps.map((step) => {
    const timestep = table[TRAIN_TIMESTEPS - step];
    if (timestep === undefined) {
      throw new TokenTrimError(`denoising steps must be integers from ${TRAIN_TIMESTEPS} down to 0, found ${step}`);
    }
    return timestep;
  });
}

/** The timesteps of a rollout's denoising steps, which must fall. */
export function denoisingTimesteps(
  schedule: Schedule,
  { steps, warp = true }: { steps: readonly number[]; warp?: boolean },
): number[] {
  const timesteps = warp ? warpSteps(schedule, steps) : [...steps];
  const falls = timesteps.every((timestep, index) => timestep > 0 && (index === 0 || timestep < timesteps[index - 1]));
  if (timesteps.length === 0 || !falls) {
    throw new TokenTrimError(
      `denoising steps must fall from ${TRAIN_TIMESTEPS} and stay above 0, found ${steps.join(', ')}`,
    );
  }
  return timesteps;
}

/** Sigma of the table's entry nearest to `timestep`; for 0 that is the last one, about 0.005, and never 0. */
export function sigmaAt(schedule: Schedule, timestep: number): number {
  return schedule.sigmas[timestepIndex(schedule, timestep)];
}

/** Index of the nearest timestep; the first of two equally near ones. */
export function timestepIndex({ timesteps }: Schedule, timestep: number): number {
  const { fround, abs } = Math;
  let nearest = 0;
  for (let index = 1; index < timesteps.length; index++) {
    const distance = fround(abs(fround(timesteps[index] - fround(timestep))));
    if (distance < fround(abs(fround(timesteps[nearest] - fround(timestep))))) nearest = index;
  }
  return nearest;
}

/**
 * The clean latents that a flow prediction implies: x0 = x_t - sigma * flow, each frame at its own timestep.
 * Source: guandeh17/Self-Forcing utils/wan_wrapper.py _convert_flow_pred_to_x0.
 */
export function x0FromFlow(schedule: Schedule, noisy: Tensor, flow: Tensor, timesteps: readonly number[]): Tensor {
  return blendFrames(
    noisy,
    flow,
    timesteps.map((timestep) => [1, -sigmaAt(schedule, timestep)]),
  );
}

/**
 * Noise put back for the next step: (1 - sigma) * x0 + sigma * noise, every frame at `timestep`.
 * Source: guandeh17/Self-Forcing utils/scheduler.py FlowMatchScheduler.add_noise.
 */
export function addNoise(schedule: Schedule, x0: Tensor, noise: Tensor, timestep: number): Tensor {
  const sigma = sigmaAt(schedule, timestep);
  return blendFrames(
    x0,
    noise,
    Array.from({ length: x0.shape[0] }, () => [1 - sigma, sigma]),
  );
}

/** Loss weights by timestep: training only, kept because the parity cases dump them beside the tables. */
export function trainingWeights({ timesteps }: Schedule): Float32Array {
  const middle = TRAIN_TIMESTEPS / 2;
  const bell = Array.from(timesteps, (timestep) => Math.exp(-2 * ((timestep - middle) / TRAIN_TIMESTEPS) ** 2));
  const lowest = Math.min(...bell);
  const total = bell.reduce((sum, value) => sum + value - lowest, 0);
  return Float32Array.from(bell, (value) => ((value - lowest) * TRAIN_TIMESTEPS) / total);
}

/**
 * torch.linspace in float32 as its 8-wide CPU kernel rounds it: forward from the start in the first half, back from the
 * end in the second. Computing u directly puts some timesteps 2e-4 away from the official ones.
 */
function linspace(start: number, end: number, count: number): Float32Array {
  const { fround } = Math;
  const step = fround((end - start) / (count - 1));
  const lanes = 8;
  return Float32Array.from({ length: count }, (_, index) => {
    const first = count - index < count % lanes ? index : index - (index % lanes);
    const base = first < count >> 1 ? fround(start + step * first) : fround(end - step * (count - 1 - first));
    return base + fround(step * (index - first));
  });
}
