import { blendFrames } from '../kernels/elementwise/blendFrames.js';
import type { Tensor } from '../tensor/tensor.js';
import { type Schedule, sigmaAt } from './schedule.js';

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
